namespace Hybrid.Engines.ChatTemplates;

/// <summary>The two ways to fill values into a text: <c>'%s' % x</c> and <c>'{}'.format(x)</c>, without widths and precisions.</summary>
internal static class TextFormat
{
    public static MarkedText Percent(MarkedText format, object? values, RenderBudget budget)
    {
        var builder = new MarkedTextBuilder(budget);
        var given = values as List<object?> ?? [values];
        var next = 0;
        for (var i = 0; i < format.Text.Length; i++)
        {
            var at = format.Text.IndexOf('%', i);
            builder.Append(format.Slice(i, (at < 0 ? format.Text.Length : at) - i));
            if (at < 0)
                break;
            i = at + 1;
            var kind = i < format.Text.Length ? format.Text[i] : ' ';
            if (kind == '%')
                builder.Append("%");
            else if (kind is not ('s' or 'd'))
                throw budget.Error($"the format '%{kind}' is not understood");
            else if (next == given.Count)
                throw budget.Error("a format has more places than values");
            else
                builder.Append(ValueText.Of(given[next++], budget));
        }

        return next == given.Count ? builder.Build() : throw budget.Error("a format has fewer places than values");
    }

    public static MarkedText Braces(MarkedText format, CallArguments arguments)
    {
        var builder = new MarkedTextBuilder(arguments.Budget);
        var next = 0;
        var text = format.Text;
        for (var i = 0; i < text.Length;)
        {
            var at = text.AsSpan(i).IndexOfAny('{', '}');
            builder.Append(format.Slice(i, at < 0 ? text.Length - i : at));
            if (at < 0)
                break;
            i += at;
            if (i + 1 < text.Length && text[i + 1] == text[i])
            {
                builder.Append(format.Slice(i, 1));
                i += 2;
                continue;
            }

            var close = text.IndexOf('}', i);
            if (text[i] == '}' || close < 0)
                throw arguments.Budget.Error("a format has a single brace");
            builder.Append(ValueText.Of(Value(text[(i + 1)..close], arguments, ref next), arguments.Budget));
            i = close + 1;
        }

        return builder.Build();
    }

    private static object? Value(string field, CallArguments arguments, ref int next)
    {
        if (arguments.Named.TryGetValue(field, out var named))
            return named;
        var index = field.Length == 0 ? next++ : int.TryParse(field, out var number) ? number : -1;
        return index >= 0 && index < arguments.Positional.Count
            ? arguments.Positional[index]
            : throw arguments.Budget.Error($"the format field '{{{field}}}' is not understood or has no value");
    }
}
