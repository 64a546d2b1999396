using System.Globalization;

namespace Hybrid.Engines.ChatTemplates;

/// <summary>Values as text: as they are printed, inside a printed list, and as JSON.</summary>
internal static class ValueText
{
    public static MarkedText Of(object? value, RenderBudget budget)
    {
        if (value is MarkedText text)
            return text;
        if (value is Undefined)
            return MarkedText.Empty;
        var builder = new MarkedTextBuilder(budget);
        Repr(value, builder, budget);
        return builder.Build();
    }

    public static MarkedText Json(object? value, int? indent, bool ascii, bool sorted, RenderBudget budget)
    {
        var builder = new MarkedTextBuilder(budget);
        Json(value, new(indent, ascii, sorted), 0, builder, budget);
        return builder.Build();
    }

    private static void Repr(object? value, MarkedTextBuilder builder, RenderBudget budget)
    {
        budget.Enter();
        switch (value)
        {
            case MarkedText text:
                Quoted(text, builder, budget);
                break;
            case List<object?> list:
                Each(list, "[", "]", ", ", builder, item => Repr(item, builder, budget));
                break;
            case TemplateMap map:
                Each(map, "{", "}", ", ", builder, pair =>
                {
                    Repr(pair.Key, builder, budget);
                    builder.Append(": ");
                    Repr(pair.Value, builder, budget);
                });
                break;
            default:
                builder.Append(value switch
                {
                    null => "None",
                    bool flag => flag ? "True" : "False",
                    long number => number.ToString(CultureInfo.InvariantCulture),
                    double number => Number(number),
                    Undefined => "Undefined",
                    TemplateFunction function => $"<function {function.Name}>",
                    _ => "<object>",
                });
                break;
        }
    }

    private static void Each<T>(IEnumerable<T> items, string open, string close, string separator, MarkedTextBuilder builder, Action<T> write)
    {
        builder.Append(open);
        var first = true;
        foreach (var item in items)
        {
            if (!first)
                builder.Append(separator);
            first = false;
            write(item);
        }

        builder.Append(close);
    }

    private static void Quoted(MarkedText text, MarkedTextBuilder builder, RenderBudget budget)
    {
        var quote = text.Text.Contains('\'') && !text.Text.Contains('"') ? '"' : '\'';
        builder.Append(quote, isContent: false);
        Escaped(text, builder, budget, character => character switch
        {
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\\' => "\\\\",
            _ when character == quote => "\\" + character,
            < ' ' or '\x7f' => $"\\x{(int)character:x2}",
            _ => null,
        });
        builder.Append(quote, isContent: false);
    }

    private static void Escaped(MarkedText text, MarkedTextBuilder builder, RenderBudget budget, Func<char, string?> escape)
    {
        budget.ChargeText(text.Text.Length, builder.Length);
        var content = text.Content;
        var range = 0;
        for (var i = 0; i < text.Text.Length; i++)
        {
            while (range < content.Length && content[range].End <= i)
                range++;
            var isContent = range < content.Length && content[range].Start <= i;
            if (escape(text.Text[i]) is { } escaped)
                builder.Append(escaped, isContent);
            else
                builder.Append(text.Text[i], isContent);
        }
    }

    private static void Json(object? value, JsonStyle style, int depth, MarkedTextBuilder builder, RenderBudget budget)
    {
        budget.Enter();
        switch (value)
        {
            case MarkedText text:
                builder.Append('"', isContent: false);
                Escaped(text, builder, budget, character => JsonEscape(character, style.Ascii));
                builder.Append('"', isContent: false);
                break;
            case List<object?> { Count: > 0 } list:
                Each(list, "[" + style.Line(depth + 1), style.Line(depth) + "]", style.Separator(depth + 1), builder, item => Json(item, style, depth + 1, builder, budget));
                break;
            case TemplateMap { Count: > 0 } map:
                Each(style.Sorted ? map.OrderBy(pair => Of(pair.Key, budget).Text, StringComparer.Ordinal) : map.AsEnumerable(), "{" + style.Line(depth + 1), style.Line(depth) + "}", style.Separator(depth + 1), builder, pair =>
                {
                    Json(pair.Key as MarkedText ?? Json(pair.Key, null, style.Ascii, false, budget), style, depth + 1, builder, budget);
                    builder.Append(": ");
                    Json(pair.Value, style, depth + 1, builder, budget);
                });
                break;
            default:
                builder.Append(value switch
                {
                    null => "null",
                    bool flag => flag ? "true" : "false",
                    long number => number.ToString(CultureInfo.InvariantCulture),
                    double number => double.IsNaN(number) ? "NaN" : double.IsInfinity(number) ? number > 0 ? "Infinity" : "-Infinity" : Number(number),
                    List<object?> => "[]",
                    TemplateMap => "{}",
                    _ => throw budget.Error($"'tojson' does not take {Operators.TypeName(value)}"),
                });
                break;
        }
    }

    private static string? JsonEscape(char character, bool ascii) => character switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\b' => "\\b",
        '\f' => "\\f",
        < ' ' => $"\\u{(int)character:x4}",
        > '~' when ascii => $"\\u{(int)character:x4}",
        _ => null,
    };

    private static string Number(double number)
    {
        if (double.IsNaN(number))
            return "nan";
        if (double.IsInfinity(number))
            return number > 0 ? "inf" : "-inf";
        if (Math.Abs(number) < 1e16 && number == Math.Floor(number))
            return number.ToString("F1", CultureInfo.InvariantCulture);
        return number.ToString("R", CultureInfo.InvariantCulture).Replace("E", "e", StringComparison.Ordinal);
    }

    private sealed record JsonStyle(int? Indent, bool Ascii, bool Sorted)
    {
        public string Line(int depth) => Indent is { } width ? "\n" + new string(' ', Math.Clamp(width, 0, 16) * Math.Min(depth, 1000)) : "";

        public string Separator(int depth) => Indent is null ? ", " : "," + Line(depth);
    }
}
