namespace Hybrid.Engines.ChatTemplates;

/// <summary>The filters that go over items.</summary>
internal static class ListFilters
{
    public static IReadOnlyDictionary<string, Func<object?, CallArguments, object?>> All { get; } = new Dictionary<string, Func<object?, CallArguments, object?>>(StringComparer.Ordinal)
    {
        ["list"] = (value, arguments) => Operators.Items(value, arguments.Budget).ToList(),
        ["first"] = (value, arguments) => Operators.Items(value, arguments.Budget) is [var first, ..] ? first : new Undefined("the first item"),
        ["last"] = (value, arguments) => Operators.Items(value, arguments.Budget) is [.., var last] ? last : new Undefined("the last item"),
        ["join"] = (value, arguments) =>
        {
            var bound = arguments.Bind("d", "attribute");
            return Join(bound[1] is Undefined ? value : Each(value, arguments, bound[1]), bound[0] is Undefined ? MarkedText.Empty : ValueText.Of(bound[0], arguments.Budget), arguments.Budget);
        },
        ["reverse"] = (value, arguments) => Reversed(value, arguments),
        ["map"] = Map,
        ["select"] = (value, arguments) => Pick(value, arguments, wanted: true, byAttribute: false),
        ["reject"] = (value, arguments) => Pick(value, arguments, wanted: false, byAttribute: false),
        ["selectattr"] = (value, arguments) => Pick(value, arguments, wanted: true, byAttribute: true),
        ["rejectattr"] = (value, arguments) => Pick(value, arguments, wanted: false, byAttribute: true),
        ["unique"] = (value, arguments) => Unique(Operators.Items(value, arguments.Budget), arguments.Budget),
        ["sort"] = Sort,
        ["dictsort"] = (value, arguments) => value is TemplateMap map
            ? map.OrderBy(pair => ValueText.Of(pair.Key, arguments.Budget).Text.ToLowerInvariant(), StringComparer.Ordinal).Select(pair => (object?)new List<object?> { pair.Key, pair.Value }).ToList()
            : throw arguments.Budget.Error($"'dictsort' needs a dict, not {Operators.TypeName(value)}"),
        ["sum"] = (value, arguments) => Operators.Items(value, arguments.Budget).Aggregate((object?)0L, (sum, item) => Operators.Arithmetic("+", sum, item, arguments.Budget)),
        ["min"] = (value, arguments) => Extreme(value, arguments, -1),
        ["max"] = (value, arguments) => Extreme(value, arguments, 1),
    };

    public static MarkedText Join(object? items, MarkedText separator, RenderBudget budget)
    {
        var builder = new MarkedTextBuilder(budget);
        var first = true;
        foreach (var item in Operators.Items(items, budget))
        {
            if (!first)
                builder.Append(separator);
            first = false;
            builder.Append(ValueText.Of(item, budget));
        }

        return builder.Build();
    }

    private static object? Reversed(object? value, CallArguments arguments)
    {
        var items = Enumerable.Reverse(Operators.Items(value, arguments.Budget)).ToList();
        return value is MarkedText ? Join(items, MarkedText.Empty, arguments.Budget) : items;
    }

    private static List<object?> Map(object? value, CallArguments arguments)
    {
        if (!Operators.Truth(value))
            return [];
        if (arguments.Named.TryGetValue("attribute", out var attribute))
            return Each(value, arguments, attribute, arguments.Named.GetValueOrDefault("default", new Undefined("default")));
        var (filter, rest) = Inner(arguments, 0);
        return [.. Operators.Items(value, arguments.Budget).Select(item => Filters.Apply(filter, item, rest))];
    }

    private static List<object?> Each(object? value, CallArguments arguments, object? attribute, object? otherwise = null) =>
        [.. Operators.Items(value, arguments.Budget).Select(item => Part(item, attribute, arguments) is var part && part is Undefined && otherwise is not (null or Undefined) ? otherwise : Part(item, attribute, arguments))];

    private static object? Part(object? item, object? attribute, CallArguments arguments)
    {
        if (attribute is not MarkedText path)
            return Members.Item(item, attribute, arguments.Budget);
        foreach (var step in path.Text.Split('.'))
            item = Members.Item(item, long.TryParse(step, out var index) ? index : new MarkedText(step), arguments.Budget);
        return item;
    }

    private static List<object?> Pick(object? value, CallArguments arguments, bool wanted, bool byAttribute)
    {
        if (!Operators.Truth(value))
            return [];
        var skipped = byAttribute ? 1 : 0;
        if (arguments.Positional.Count < skipped)
            throw arguments.Budget.Error($"'{arguments.Name}' needs the name of an attribute");
        var hasTest = arguments.Positional.Count > skipped;
        var (test, rest) = hasTest ? Inner(arguments, skipped) : ("", arguments);
        return [.. Operators.Items(value, arguments.Budget).Where(item =>
        {
            var part = byAttribute ? Part(item, arguments.Positional[0], arguments) : item;
            return (hasTest ? Tests.Apply(test, part, rest) : Operators.Truth(part)) == wanted;
        })];
    }

    private static (string Name, CallArguments Others) Inner(CallArguments arguments, int skipped)
    {
        var name = arguments.Text(arguments.Positional.ElementAtOrDefault(skipped), "the name of a filter or test").Text;
        return (name, new(name, arguments.Positional[(skipped + 1)..], [], arguments.Budget));
    }

    private static List<object?> Unique(List<object?> items, RenderBudget budget)
    {
        var unique = new List<object?>();
        foreach (var item in items)
        {
            if (!unique.Exists(other => Operators.AreEqual(other, item, budget)))
                unique.Add(item);
        }

        return unique;
    }

    private static List<object?> Sort(object? value, CallArguments arguments)
    {
        var bound = arguments.Bind("reverse", "case_sensitive", "attribute");
        object? Key(object? item) => (bound[2] is Undefined ? item : Part(item, bound[2], arguments)) is MarkedText text && !Operators.Truth(bound[1])
            ? text.With(text.Text.ToLowerInvariant())
            : bound[2] is Undefined ? item : Part(item, bound[2], arguments);
        var order = Comparer<object?>.Create((left, right) => Operators.Compare(left, right, arguments.Budget));
        var items = Operators.Items(value, arguments.Budget);
        return Operators.Truth(bound[0]) ? [.. items.OrderByDescending(Key, order)] : [.. items.OrderBy(Key, order)];
    }

    private static object? Extreme(object? value, CallArguments arguments, int sign) => Operators.Items(value, arguments.Budget) is { Count: > 0 } items
        ? items.Aggregate((best, item) => Operators.Compare(item, best, arguments.Budget) * sign > 0 ? item : best)
        : new Undefined("the extreme of an empty list");
}
