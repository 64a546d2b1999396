using System.Text.Json;

namespace Hybrid.Engines.Grammar;

/// <summary>Numbers within whole bounds; digits are bounded, so that a model cannot go on with them for ever.</summary>
internal static class SchemaNumbers
{
    private const decimal Largest = 1_000_000_000_000_000;

    public static string Write(GbnfWriter rules, IReadOnlyDictionary<string, JsonElement> members, bool isWhole, string path)
    {
        var least = Bound(members, "minimum", isWhole, decimal.Ceiling, path);
        var most = Bound(members, "maximum", isWhole, decimal.Floor, path);
        if (Bound(members, "exclusiveMinimum", isWhole, decimal.Floor, path) is { } below)
            least = isWhole ? Math.Max(least ?? long.MinValue, below + 1) : throw Exclusive(path, "exclusiveMinimum");
        if (Bound(members, "exclusiveMaximum", isWhole, decimal.Ceiling, path) is { } above)
            most = isWhole ? Math.Min(most ?? long.MaxValue, above - 1) : throw Exclusive(path, "exclusiveMaximum");
        if (least > most)
            throw SchemaKeywords.Unmeetable(path, $"the least is {least} and the most {most}");
        if (least is null && most is null)
            return isWhole ? JsonRules.Integer(rules) : JsonRules.Number(rules);
        return rules.Add(isWhole ? "whole" : "decimal", isWhole ? IntegerRange.Whole(least, most) : IntegerRange.Decimal(least, most));
    }

    private static long? Bound(IReadOnlyDictionary<string, JsonElement> members, string name, bool isWhole, Func<decimal, decimal> round, string path)
    {
        if (!members.TryGetValue(name, out var value))
            return null;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDecimal(out var bound) || Math.Abs(bound) > Largest)
            throw SchemaKeywords.Unusable($"{path}.{name}", $"is not a number from -{Largest} to {Largest}");
        return isWhole || bound == decimal.Truncate(bound) ? (long)round(bound) : throw SchemaKeywords.Unusable($"{path}.{name}", "is not whole, and only whole bounds are kept");
    }

    private static HybridException Exclusive(string path, string name) =>
        SchemaKeywords.Unusable($"{path}.{name}", "is kept for integers alone; use minimum or maximum");
}
