namespace Hybrid.Engines.ChatTemplates;

/// <summary>The tests that <c>is</c> knows.</summary>
internal static class Tests
{
    private static readonly Dictionary<string, string> Comparisons = new(StringComparer.Ordinal)
    {
        ["equalto"] = "==",
        ["eq"] = "==",
        ["=="] = "==",
        ["ne"] = "!=",
        ["!="] = "!=",
        ["lt"] = "<",
        ["lessthan"] = "<",
        ["<"] = "<",
        ["le"] = "<=",
        ["<="] = "<=",
        ["gt"] = ">",
        ["greaterthan"] = ">",
        [">"] = ">",
        ["ge"] = ">=",
        [">="] = ">=",
        ["in"] = "in",
    };

    private static readonly Dictionary<string, Func<object?, CallArguments, bool>> All = new(StringComparer.Ordinal)
    {
        ["defined"] = (value, _) => value is not Undefined,
        ["undefined"] = (value, _) => value is Undefined,
        ["none"] = (value, _) => value is null,
        ["string"] = (value, _) => value is MarkedText,
        ["mapping"] = (value, _) => value is TemplateMap,
        ["iterable"] = (value, _) => value is MarkedText or List<object?> or TemplateMap or Undefined,
        ["sequence"] = (value, _) => value is MarkedText or List<object?> or TemplateMap or Undefined,
        ["number"] = (value, _) => Operators.IsNumber(value),
        ["integer"] = (value, _) => value is long,
        ["float"] = (value, _) => value is double,
        ["boolean"] = (value, _) => value is bool,
        ["true"] = (value, _) => value is true,
        ["false"] = (value, _) => value is false,
        ["callable"] = (value, _) => value is TemplateFunction,
        ["odd"] = (value, arguments) => Remainder(value, 2L, arguments) == 1,
        ["even"] = (value, arguments) => Remainder(value, 2L, arguments) == 0,
        ["divisibleby"] = (value, arguments) => Remainder(value, arguments.Bind("num")[0], arguments) == 0,
        ["lower"] = (value, arguments) => IsCased(value, arguments, text => text.ToLowerInvariant()),
        ["upper"] = (value, arguments) => IsCased(value, arguments, text => text.ToUpperInvariant()),
        ["sameas"] = (value, arguments) => arguments.Bind("other")[0] is var other && (ReferenceEquals(value, other) || (value is bool && value.Equals(other))),
    };

    public static bool Exists(string name) => All.ContainsKey(name) || Comparisons.ContainsKey(name);

    public static bool Apply(string name, object? value, CallArguments arguments)
    {
        if (Comparisons.TryGetValue(name, out var sign))
            return Comparison.Holds(sign, value, arguments.Bind("other")[0], arguments.Budget);
        return All.TryGetValue(name, out var test) ? test(value, arguments) : throw arguments.Budget.Error($"the test '{name}' is not known");
    }

    private static double Remainder(object? value, object? divisor, CallArguments arguments) =>
        Operators.IsNumber(value) ? Operators.Double(Operators.Arithmetic("%", value, divisor, arguments.Budget)) : throw arguments.Budget.Error($"'{arguments.Name}' needs a number, not {Operators.TypeName(value)}");

    private static bool IsCased(object? value, CallArguments arguments, Func<string, string> change) =>
        ValueText.Of(value, arguments.Budget).Text is var text && text.Any(char.IsLetter) && text == change(text);
}
