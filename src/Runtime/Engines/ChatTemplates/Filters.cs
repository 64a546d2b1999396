using System.Globalization;

namespace Hybrid.Engines.ChatTemplates;

/// <summary>The filters, as in Jinja; <c>tojson</c> as Hugging Face sets it.</summary>
internal static class Filters
{
    private delegate object? Filter(object? value, CallArguments arguments);

    private static readonly Dictionary<string, Filter> All = new Dictionary<string, Filter>(StringComparer.Ordinal)
    {
        ["trim"] = (value, arguments) => ValueText.Of(value, arguments.Budget).Trim(arguments.Bind("chars")[0] is MarkedText chars ? chars.Text : null, true, true),
        ["upper"] = (value, arguments) => OfText(value, arguments, text => text.With(text.Text.ToUpperInvariant())),
        ["lower"] = (value, arguments) => OfText(value, arguments, text => text.With(text.Text.ToLowerInvariant())),
        ["title"] = (value, arguments) => OfText(value, arguments, Methods.Title),
        ["capitalize"] = (value, arguments) => OfText(value, arguments, Methods.Capitalise),
        ["string"] = (value, arguments) => OfText(value, arguments, text => text),
        ["safe"] = (value, arguments) => OfText(value, arguments, text => text),
        ["replace"] = Replace,
        ["indent"] = Indent,
        ["format"] = (value, arguments) => TextFormat.Percent(arguments.Text(value, "its input"), arguments.Positional, arguments.Budget),
        ["length"] = (value, arguments) => Length(value, arguments),
        ["count"] = (value, arguments) => Length(value, arguments),
        ["default"] = Default,
        ["d"] = Default,
        ["tojson"] = Json,
        ["from_json"] = (value, arguments) => JsonText.Read(arguments.Text(value, "its input"), arguments.Budget),
        ["int"] = Whole,
        ["float"] = (value, arguments) => Number(value) is { } number ? Operators.Double(number) : (arguments.Bind("default")[0] is var otherwise and not Undefined ? otherwise : 0d),
        ["abs"] = (value, arguments) => Operators.Truth(Comparison.Holds("<", value, 0L, arguments.Budget)) ? Operators.Negate(value, arguments.Budget) : value,
        ["items"] = (value, arguments) => value switch
        {
            TemplateMap map => Methods.Items(map, arguments.Budget),
            Undefined => new List<object?>(),
            _ => throw arguments.Budget.Error($"'items' needs a dict, not {Operators.TypeName(value)}"),
        },
    }.Concat(ListFilters.All.Select(pair => KeyValuePair.Create(pair.Key, new Filter(pair.Value)))).ToDictionary(StringComparer.Ordinal);

    public static bool Exists(string name) => All.ContainsKey(name);

    public static object? Apply(string name, object? value, CallArguments arguments) => All.TryGetValue(name, out var filter)
        ? filter(value, arguments)
        : throw arguments.Budget.Error($"the filter '{name}' is not known");

    private static MarkedText OfText(object? value, CallArguments arguments, Func<MarkedText, MarkedText> change)
    {
        _ = arguments.Bind();
        return change(ValueText.Of(value, arguments.Budget));
    }

    private static MarkedText Replace(object? value, CallArguments arguments)
    {
        var bound = arguments.Bind("old", "new", "count");
        return Methods.Replace(
            ValueText.Of(value, arguments.Budget), arguments.Text(bound[0], "old"), arguments.Text(bound[1], "new"), arguments.Number(bound[2], "count", -1), arguments.Budget);
    }

    private static MarkedText Indent(object? value, CallArguments arguments)
    {
        var bound = arguments.Bind("width", "first", "blank");
        var width = bound[0] is MarkedText given ? given : new MarkedText(new string(' ', (int)Math.Clamp(arguments.Number(bound[0], "width", 4), 0, 256)));
        var builder = new MarkedTextBuilder(arguments.Budget);
        var text = ValueText.Of(value, arguments.Budget);
        arguments.Budget.Charge(text.Text.Length);
        var lines = text.Split("\n", -1);
        for (var i = 0; i < lines.Count; i++)
        {
            var line = (MarkedText)lines[i]!;
            if (i > 0)
                builder.Append("\n");
            if (i == 0 ? Operators.Truth(bound[1]) : line.Text.Length > 0 || Operators.Truth(bound[2]))
                builder.Append(width);
            builder.Append(line);
        }

        return builder.Build();
    }

    private static long Length(object? value, CallArguments arguments) => value switch
    {
        MarkedText text => (long)(text.CodePoints()?.Length ?? text.Text.Length),
        List<object?> list => (long)list.Count,
        TemplateMap map => (long)map.Count,
        Undefined => 0L,
        _ => throw arguments.Budget.Error($"{Operators.TypeName(value)} has no length"),
    };

    private static object? Default(object? value, CallArguments arguments)
    {
        var bound = arguments.Bind("default_value", "boolean");
        return value is Undefined || (Operators.Truth(bound[1]) && !Operators.Truth(value)) ? bound[0] is Undefined ? MarkedText.Empty : bound[0] : value;
    }

    private static MarkedText Json(object? value, CallArguments arguments)
    {
        var bound = arguments.Bind("indent", "ensure_ascii", "sort_keys", "separators");
        if (bound[3] is not (null or Undefined))
            throw arguments.Budget.Error("'tojson' with separators is not understood");
        int? indent = bound[0] is null or Undefined ? null : (int)Math.Clamp(arguments.Number(bound[0], "indent", 0), 0, 16);
        return ValueText.Json(value, indent, Operators.Truth(bound[1]), Operators.Truth(bound[2]), arguments.Budget);
    }

    private static object? Whole(object? value, CallArguments arguments) => Number(value) switch
    {
        long number => number,
        double number when Math.Abs(number) < 9e18 => (long)number,
        _ => arguments.Bind("default")[0] is var otherwise and not Undefined ? otherwise : 0L,
    };

    private static object? Number(object? value) => value switch
    {
        bool flag => flag ? 1L : 0L,
        long or double => value,
        MarkedText text when long.TryParse(text.Text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var whole) => whole,
        MarkedText text when double.TryParse(text.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => number,
        _ => null,
    };
}
