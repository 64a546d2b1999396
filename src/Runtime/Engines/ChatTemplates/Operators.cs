namespace Hybrid.Engines.ChatTemplates;

/// <summary>What operators mean for values, as in Python.</summary>
internal static class Operators
{
    private const int LongestList = 1 << 20;

    public static bool Truth(object? value) => value switch
    {
        null or Undefined => false,
        bool flag => flag,
        long number => number != 0,
        double number => number != 0,
        MarkedText text => text.Text.Length > 0,
        List<object?> list => list.Count > 0,
        TemplateMap map => map.Count > 0,
        _ => true,
    };

    public static string TypeName(object? value) => value switch
    {
        null => "none",
        Undefined undefined => $"'{undefined.Name}', which is undefined",
        bool => "a boolean",
        long or double => "a number",
        MarkedText => "a text",
        List<object?> => "a list",
        TemplateMap => "a dict",
        TemplateNamespace => "a namespace",
        TemplateLoop => "a loop",
        _ => "a function",
    };

    public static bool AreEqual(object? left, object? right, RenderBudget budget)
    {
        budget.Enter();
        switch (left, right)
        {
            case (null, null) or (Undefined, Undefined):
                return true;
            case (MarkedText a, MarkedText b):
                budget.ChargeText(Math.Min(a.Text.Length, b.Text.Length));
                return a.Equals(b);
            case (List<object?> a, List<object?> b):
                return a.Count == b.Count && a.Zip(b).All(pair => AreEqual(pair.First, pair.Second, budget));
            case (TemplateMap a, TemplateMap b):
                return a.Count == b.Count && a.All(pair => b.TryGetValue(pair.Key, out var other) && AreEqual(pair.Value, other, budget));
            default:
                return IsNumber(left) && IsNumber(right) ? Order(left, right) == 0 : ReferenceEquals(left, right);
        }
    }

    /// <summary>Less than zero, zero or more than zero.</summary>
    public static int Compare(object? left, object? right, RenderBudget budget)
    {
        budget.Enter();
        switch (left, right)
        {
            case (MarkedText a, MarkedText b):
                budget.ChargeText(Math.Min(a.Text.Length, b.Text.Length));
                return string.CompareOrdinal(a.Text, b.Text);
            case (List<object?> a, List<object?> b):
                return a.Zip(b).Select(pair => Compare(pair.First, pair.Second, budget)).FirstOrDefault(order => order != 0) is not 0 and var first ? first : a.Count.CompareTo(b.Count);
            default:
                if (IsNumber(left) && IsNumber(right))
                    return Order(left, right);
                throw budget.Error($"{TypeName(left)} and {TypeName(right)} have no order");
        }
    }

    public static bool Contains(object? container, object? item, RenderBudget budget)
    {
        switch (container)
        {
            case MarkedText text when item is MarkedText part:
                budget.ChargeText(text.Text.Length);
                return text.Text.Contains(part.Text, StringComparison.Ordinal);
            case List<object?> list:
                return list.Exists(other => AreEqual(other, item, budget));
            case TemplateMap map:
                ChargeKey(item, budget);
                return item is not (null or List<object?> or TemplateMap) && map.ContainsKey(item);
            case Undefined:
                return false;
            default:
                throw budget.Error($"'in' cannot look for {TypeName(item)} in {TypeName(container)}");
        }
    }

    /// <summary>What it takes to hash a key.</summary>
    public static void ChargeKey(object? key, RenderBudget budget)
    {
        if (key is MarkedText text)
            budget.ChargeText(text.Text.Length);
    }

    public static object? Arithmetic(string sign, object? left, object? right, RenderBudget budget)
    {
        try
        {
            return (sign, left, right) switch
            {
                ("+", MarkedText a, MarkedText b) => Concatenate(a, b, budget),
                ("+", List<object?> a, List<object?> b) => Checked(a.Count + b.Count, budget, () => [.. a, .. b]),
                ("*", MarkedText a, long b) => Repeat(a, b, budget),
                ("*", long a, MarkedText b) => Repeat(b, a, budget),
                ("*", List<object?> a, long b) => Checked(a.Count * Math.Clamp(b, 0, LongestList + 1), budget, () => [.. Enumerable.Repeat(a, (int)Math.Max(0, b)).SelectMany(item => item)]),
                ("%", MarkedText a, _) => TextFormat.Percent(a, right, budget),
                _ when IsNumber(left) && IsNumber(right) => left is double || right is double || sign == "/"
                    ? OfDoubles(sign, Double(left), Double(right))
                    : OfWholes(sign, Whole(left), Whole(right)),
                _ => throw budget.Error($"'{sign}' does not take {TypeName(left)} and {TypeName(right)}"),
            };
        }
        catch (ArithmeticException exception)
        {
            throw budget.Error(exception is DivideByZeroException ? "a division by zero" : "a number too large");
        }
    }

    public static object? Negate(object? value, RenderBudget budget) => value switch
    {
        double number => -number,
        long or bool => Arithmetic("-", 0L, value, budget),
        _ => throw budget.Error($"'-' does not take {TypeName(value)}"),
    };

    public static MarkedText Concatenate(MarkedText left, MarkedText right, RenderBudget budget) =>
        left.Text.Length == 0 ? right : right.Text.Length == 0 ? left : left.Join(right, budget);

    public static bool IsNumber(object? value) => value is long or double or bool;

    public static double Double(object? value) => value is double number ? number : Whole(value);

    /// <summary>The items that a loop goes over.</summary>
    public static List<object?> Items(object? value, RenderBudget budget)
    {
        budget.Charge(value is MarkedText whole ? whole.Text.Length : 0);
        List<object?> items = value switch
        {
            List<object?> list => list,
            TemplateMap map => [.. map.Keys],
            MarkedText text => text.Characters(),
            Undefined => [],
            _ => throw budget.Error($"{TypeName(value)} has no items to go over"),
        };
        budget.Charge(items.Count);
        return items;
    }

    private static long Whole(object? value) => value is bool flag ? flag ? 1 : 0 : (long)value!;

    private static int Order(object? left, object? right) =>
        left is double || right is double ? Double(left).CompareTo(Double(right)) : Whole(left).CompareTo(Whole(right));

    private static List<object?> Checked(long count, RenderBudget budget, Func<List<object?>> make)
    {
        if (count > LongestList)
            throw budget.Error($"a list of more than {LongestList} items");
        budget.Charge(count);
        return make();
    }

    private static MarkedText Repeat(MarkedText text, long times, RenderBudget budget)
    {
        var builder = new MarkedTextBuilder(budget);
        for (long i = 0; i < times && text.Text.Length > 0; i++)
            builder.Append(text);
        return builder.Build();
    }

    private static object OfWholes(string sign, long left, long right) => sign == "**" && right < 0
        ? OfDoubles(sign, left, right)
        : (object)checked(sign switch
        {
            "+" => left + right,
            "-" => left - right,
            "*" => left * right,
            "//" => (left / right) - (left % right != 0 && (left < 0) != (right < 0) ? 1 : 0),
            "%" => left % right is not 0 and var rest && (rest < 0) != (right < 0) ? rest + right : left % right,
            _ => Power(left, right),
        });

    private static long Power(long number, long exponent)
    {
        if (number is 0 or 1 || exponent == 0)
            return exponent == 0 ? 1L : number;
        if (number == -1)
            return exponent % 2 == 0 ? 1L : -1L;
        var power = 1L;
        for (var i = 0L; i < exponent; i++)
            power = checked(power * number);
        return power;
    }

    private static double OfDoubles(string sign, double left, double right) => sign switch
    {
        "+" => left + right,
        "-" => left - right,
        "*" => left * right,
        "**" => Math.Pow(left, right),
        _ when right == 0 => throw new DivideByZeroException(),
        "/" => left / right,
        "//" => Math.Floor(left / right),
        _ => left - (right * Math.Floor(left / right)),
    };
}
