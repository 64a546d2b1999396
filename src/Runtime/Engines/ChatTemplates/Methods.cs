namespace Hybrid.Engines.ChatTemplates;

/// <summary>Methods of texts, dicts and lists, as in Python.</summary>
internal static class Methods
{
    public static TemplateFunction? Find(object? target, string name)
    {
        Func<CallArguments, object?>? body = target switch
        {
            MarkedText text => OfText(text, name) is { } method ? Charged(text, method) : null,
            TemplateMap map => OfMap(map, name),
            List<object?> list => OfList(list, name),
            _ => null,
        };
        return body is null ? null : new(name, body);
    }

    public static MarkedText Replace(MarkedText text, MarkedText old, MarkedText replacement, long most, RenderBudget budget)
    {
        if (old.Text.Length == 0)
            throw budget.Error("'replace' needs a text to look for");
        var builder = new MarkedTextBuilder(budget);
        var from = 0;
        for (int at; most != 0 && (at = text.Text.IndexOf(old.Text, from, StringComparison.Ordinal)) >= 0; from = at + old.Text.Length, most--)
            builder.Append(text.Slice(from, at - from)).Append(replacement);
        return from == 0 ? text : builder.Append(text.Slice(from, text.Text.Length - from)).Build();
    }

    public static MarkedText Title(MarkedText text)
    {
        var characters = text.Text.ToLowerInvariant().ToCharArray();
        for (var i = 0; i < characters.Length; i++)
        {
            if (i == 0 || !char.IsLetter(characters[i - 1]))
                characters[i] = char.ToUpperInvariant(characters[i]);
        }

        return text.With(new(characters));
    }

    public static MarkedText Capitalise(MarkedText text) =>
        text.Text.Length == 0 ? text : text.With(char.ToUpperInvariant(text.Text[0]) + text.Text[1..].ToLowerInvariant());

    public static List<object?> Items(TemplateMap map, RenderBudget budget)
    {
        budget.Charge(map.Count);
        return [.. map.Select(pair => (object?)new List<object?> { pair.Key, pair.Value })];
    }

    private static Func<CallArguments, object?> Charged(MarkedText text, Func<CallArguments, object?> method) => arguments =>
    {
        arguments.Budget.ChargeText(text.Text.Length);
        return method(arguments);
    };

    private static Func<CallArguments, object?>? OfText(MarkedText text, string name) => name switch
    {
        "strip" => arguments => Strip(text, arguments, true, true),
        "lstrip" => arguments => Strip(text, arguments, true, false),
        "rstrip" => arguments => Strip(text, arguments, false, true),
        "split" => arguments => Split(text, arguments),
        "rsplit" => arguments => SplitFromEnd(text, arguments),
        "splitlines" => arguments => Lines(text, arguments.Budget),
        "startswith" => arguments => Any(arguments, part => text.Text.StartsWith(part, StringComparison.Ordinal)),
        "endswith" => arguments => Any(arguments, part => text.Text.EndsWith(part, StringComparison.Ordinal)),
        "upper" => _ => text.With(text.Text.ToUpperInvariant()),
        "lower" => _ => text.With(text.Text.ToLowerInvariant()),
        "title" => _ => Title(text),
        "capitalize" => _ => Capitalise(text),
        "replace" => arguments => arguments.Bind("old", "new", "count") is var bound
            ? Replace(text, arguments.Text(bound[0], "old"), arguments.Text(bound[1], "new"), arguments.Number(bound[2], "count", -1), arguments.Budget)
            : null,
        "join" => arguments => ListFilters.Join(arguments.Bind("items")[0], text, arguments.Budget),
        "format" => arguments => TextFormat.Braces(text, arguments),
        "find" => arguments => (long)text.Text.IndexOf(arguments.Text(arguments.Bind("sub")[0], "sub").Text, StringComparison.Ordinal),
        "rfind" => arguments => (long)text.Text.LastIndexOf(arguments.Text(arguments.Bind("sub")[0], "sub").Text, StringComparison.Ordinal),
        "count" => arguments => arguments.Text(arguments.Bind("sub")[0], "sub").Text is { Length: > 0 } part ? text.Text.AsSpan().Count(part) : text.Text.Length + 1L,
        "isdigit" => _ => text.Text.Length > 0 && text.Text.All(char.IsDigit),
        "isalpha" => _ => text.Text.Length > 0 && text.Text.All(char.IsLetter),
        "isspace" => _ => text.Text.Length > 0 && text.Text.All(MarkedText.IsSpace),
        _ => null,
    };

    private static Func<CallArguments, object?>? OfMap(TemplateMap map, string name) => name switch
    {
        "items" => arguments => Items(map, arguments.Budget),
        "keys" => arguments => Operators.Items(map, arguments.Budget),
        "values" => arguments => Items(map, arguments.Budget).Select(pair => ((List<object?>)pair!)[1]).ToList(),
        "get" => arguments => arguments.Bind("key", "default") is var bound && bound[0] is MarkedText or long or double or bool && map.TryGetValue(bound[0]!, out var value)
            ? value
            : arguments.Bind("key", "default")[1] is var otherwise and not Undefined ? otherwise : null,
        _ => null,
    };

    private static Func<CallArguments, object?>? OfList(List<object?> list, string name) => name switch
    {
        "append" => arguments =>
        {
            list.Add(arguments.Bind("item")[0]);
            return null;
        }
        ,
        "index" => arguments => (long)list.FindIndex(item => Operators.AreEqual(item, arguments.Positional.FirstOrDefault(), arguments.Budget)),
        "count" => arguments => list.LongCount(item => Operators.AreEqual(item, arguments.Positional.FirstOrDefault(), arguments.Budget)),
        "pop" => arguments =>
        {
            var at = arguments.Number(arguments.Bind("index")[0], "index", list.Count - 1);
            at += at < 0 ? list.Count : 0;
            if (at < 0 || at >= list.Count)
                throw arguments.Budget.Error("'pop' has no such item");
            var item = list[(int)at];
            list.RemoveAt((int)at);
            return item;
        }
        ,
        _ => null,
    };

    private static MarkedText Strip(MarkedText text, CallArguments arguments, bool start, bool end) =>
        text.Trim(arguments.Bind("chars")[0] is MarkedText characters ? characters.Text : null, start, end);

    private static List<object?> Split(MarkedText text, CallArguments arguments)
    {
        var bound = arguments.Bind("sep", "maxsplit");
        var separator = bound[0] is null or Undefined ? null : arguments.Text(bound[0], "sep").Text;
        if (separator is "")
            throw arguments.Budget.Error("'split' needs a separator");
        arguments.Budget.Charge(text.Text.Length / (separator?.Length ?? 2));
        return text.Split(separator, arguments.Number(bound[1], "maxsplit", -1));
    }

    private static List<object?> SplitFromEnd(MarkedText text, CallArguments arguments)
    {
        var bound = arguments.Bind("sep", "maxsplit");
        var separator = arguments.Text(bound[0], "sep").Text;
        if (separator.Length == 0)
            throw arguments.Budget.Error("'rsplit' needs a separator");
        arguments.Budget.Charge(text.Text.Length / separator.Length);
        var most = arguments.Number(bound[1], "maxsplit", -1);
        var pieces = new List<object?>();
        var end = text.Text.Length;
        for (int at; (most < 0 || pieces.Count < most) && end > 0 && (at = text.Text.LastIndexOf(separator, end - 1, StringComparison.Ordinal)) >= 0; end = at)
            pieces.Add(text.Slice(at + separator.Length, end - at - separator.Length));
        pieces.Add(text.Slice(0, end));
        pieces.Reverse();
        return pieces;
    }

    private static List<object?> Lines(MarkedText text, RenderBudget budget)
    {
        budget.Charge(text.Text.Length);
        var lines = text.Split("\n", -1);
        if (lines[^1] is MarkedText { Text.Length: 0 })
            lines.RemoveAt(lines.Count - 1);
        return lines;
    }

    private static bool Any(CallArguments arguments, Func<string, bool> holds) => arguments.Bind("part")[0] is List<object?> parts
        ? parts.Exists(part => holds(arguments.Text(part, "part").Text))
        : holds(arguments.Text(arguments.Positional.FirstOrDefault(), "part").Text);
}
