namespace Hybrid.Engines.ChatTemplates;

/// <summary>Attributes, items and slices of values.</summary>
internal static class Members
{
    public static object? Attribute(object? target, string name, RenderBudget budget)
    {
        if (target is Undefined undefined)
            throw budget.Error($"'{undefined.Name}' is undefined and has no '{name}'");
        if (Methods.Find(target, name) is { } method)
            return method;
        return target switch
        {
            TemplateMap map => map.Get(name, new Undefined(name)),
            TemplateNamespace attributes => attributes.Attributes.GetValueOrDefault(name, new Undefined(name)),
            TemplateLoop loop => loop.Attribute(name),
            _ => new Undefined(name),
        };
    }

    public static object? Item(object? target, object? key, RenderBudget budget)
    {
        switch (target, key)
        {
            case (Undefined undefined, _):
                throw budget.Error($"'{undefined.Name}' is undefined and has no items");
            case (TemplateMap map, MarkedText or long or double or bool):
                Operators.ChargeKey(key, budget);
                return map.TryGetValue(key, out var value) ? value : new Undefined(key is MarkedText { HasContent: false } known ? known.Text : "an item");
            case (List<object?> list, long or bool):
                var index = Position(key, list.Count);
                return index < 0 ? new Undefined("an item") : list[(int)index];
            case (MarkedText text, long or bool):
                budget.ChargeText(text.Text.Length);
                var points = text.CodePoints();
                var at = Position(key, points?.Length ?? text.Text.Length);
                return at < 0 ? new Undefined("a character") : Part(text, points, (int)at, (int)at + 1);
            case (not null, MarkedText name):
                return Attribute(target, name.Text, budget);
            default:
                return new Undefined("an item");
        }
    }

    public static object? Slice(object? target, object? from, object? to, object? step, RenderBudget budget)
    {
        if (target is MarkedText whole)
        {
            budget.ChargeText(whole.Text.Length);
            var points = whole.CodePoints();
            var length = points?.Length ?? whole.Text.Length;
            var (first, last, by) = Bounds(from, to, step, length, budget);
            if (by == 1)
                return Part(whole, points, (int)first, (int)Math.Max(first, last));
            budget.Charge(length);
            var builder = new MarkedTextBuilder(budget);
            for (var i = first; by > 0 ? i < last : i > last; i += by)
                builder.Append(Part(whole, points, (int)i, (int)i + 1));
            return builder.Build();
        }

        if (target is not List<object?> list)
            throw budget.Error($"{Operators.TypeName(target)} cannot be sliced");
        budget.Charge(list.Count);
        var (begin, end, stride) = Bounds(from, to, step, list.Count, budget);
        var items = new List<object?>();
        for (var i = begin; stride > 0 ? i < end : i > end; i += stride)
            items.Add(list[(int)i]);
        return items;
    }

    private static long Position(object? key, int count)
    {
        var index = key is bool flag ? flag ? 1 : 0 : (long)key!;
        if (index < 0)
            index += count;
        return index >= 0 && index < count ? index : -1;
    }

    private static MarkedText Part(MarkedText text, int[]? points, int from, int to)
    {
        var start = points is null ? from : from < points.Length ? points[from] : text.Text.Length;
        var end = points is null ? to : to < points.Length ? points[to] : text.Text.Length;
        return text.Slice(start, end - start);
    }

    private static (long From, long To, long Step) Bounds(object? from, object? to, object? step, int count, RenderBudget budget)
    {
        var by = Whole(step) ?? 1;
        if (by == 0)
            throw budget.Error("a slice has a step of zero");
        by = Math.Clamp(by, -int.MaxValue, int.MaxValue);
        var (lowest, highest) = by > 0 ? (0, count) : (-1, count - 1);
        return (Place(Whole(from), by > 0 ? lowest : highest), Place(Whole(to), by > 0 ? highest : lowest), by);

        long? Whole(object? value) => value switch
        {
            null => null,
            long number => number,
            bool flag => flag ? 1 : 0,
            _ => throw budget.Error($"a slice takes whole numbers, not {Operators.TypeName(value)}"),
        };

        long Place(long? index, long otherwise) => index is not { } at ? otherwise : Math.Clamp(at < 0 ? Math.Max(at, -1L - count) + count : at, lowest, highest);
    }
}
