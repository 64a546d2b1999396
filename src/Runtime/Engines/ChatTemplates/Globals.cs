using System.Text;

namespace Hybrid.Engines.ChatTemplates;

/// <summary>The functions that a template can call by name.</summary>
internal static class Globals
{
    private const int LongestRange = 1 << 16;

    public static Scope Create(Rendering rendering, DateTimeOffset? now)
    {
        var scope = new Scope(null, rendering);
        Add("raise_exception", arguments => throw Refusal(arguments));
        Add("range", Range);
        Add("namespace", arguments =>
        {
            var made = new TemplateNamespace();
            foreach (var (key, value) in Pairs(arguments))
                made.Attributes[ValueText.Of(key, arguments.Budget).Text] = value;
            return made;
        });
        Add("dict", arguments =>
        {
            var made = new TemplateMap();
            foreach (var (key, value) in Pairs(arguments))
            {
                arguments.Budget.Charge(1);
                made[key] = value;
            }

            return made;
        });
        if (now is { } time)
            Add("strftime_now", arguments => new MarkedText(TimeFormat.Write(time, arguments.Text(arguments.Bind("format")[0], "format").Text, arguments.Budget)));
        return scope;

        void Add(string name, Func<CallArguments, object?> body) => scope.Set(name, new TemplateFunction(name, body));
    }

    /// <summary>The template's own words; what somebody said is left out, for messages of errors are logged.</summary>
    private static HybridException Refusal(CallArguments arguments)
    {
        var message = ValueText.Of(arguments.Bind("message")[0], arguments.Budget);
        var words = new StringBuilder();
        var at = 0;
        foreach (var (start, end) in message.Content)
        {
            words.Append(message.Text, at, start - at).Append('…');
            at = end;
        }

        words.Append(message.Text, at, message.Text.Length - at);
        return new(HybridError.InvalidRequest, $"The model's chat template does not take these messages: {words.ToString().TrimEnd('.', ' ')}. Nothing was decoded; change the messages' roles or order, or use a text prompt.");
    }

    private static List<object?> Range(CallArguments arguments)
    {
        var bound = arguments.Bind("start", "stop", "step");
        var hasStop = bound[1] is not Undefined;
        var from = hasStop ? arguments.Number(bound[0], "start", 0) : 0;
        var to = arguments.Number(hasStop ? bound[1] : bound[0], "stop", 0);
        var step = arguments.Number(bound[2], "step", 1);
        if (step == 0)
            throw arguments.Budget.Error("'range' has a step of zero");
        var numbers = new List<object?>();
        for (Int128 i = from; step > 0 ? i < to : i > to; i += step)
        {
            if (numbers.Count == LongestRange)
                throw arguments.Budget.Error($"'range' has more than {LongestRange} numbers");
            arguments.Budget.Charge(1);
            numbers.Add((long)i);
        }

        return numbers;
    }

    private static IEnumerable<(object Key, object? Value)> Pairs(CallArguments arguments)
    {
        foreach (var given in arguments.Positional)
        {
            if (given is not TemplateMap map)
                throw arguments.Budget.Error($"'{arguments.Name}' takes a dict or named arguments, not {Operators.TypeName(given)}");
            foreach (var (key, value) in map)
                yield return (key, value);
        }

        foreach (var (name, value) in arguments.Named)
            yield return (new MarkedText(name), value);
    }
}
