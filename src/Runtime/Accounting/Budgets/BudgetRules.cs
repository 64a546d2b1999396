using Hybrid.Configuration;

namespace Hybrid.Accounting.Budgets;

/// <summary>The ranges of every limit, each message with the key path.</summary>
internal static class BudgetRules
{
    /// <summary>Keeps sums of billionths in 64 bits.</summary>
    public const double Largest = 1e9;

    public const int LongestTenant = 200;

    public static void Check(BudgetOptions options, string path, ICollection<string> errors)
    {
        Check(options.App, $"{path}:{nameof(options.App)}", errors);
        Check(options.EachTenant, $"{path}:{nameof(options.EachTenant)}", errors);
        HashSet<string> names = new(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, limits) in options.Tenants)
        {
            var tenant = $"{path}:{nameof(options.Tenants)}:{name}";
            if (!names.Add(name)) errors.Add($"{tenant}: the tenant is named twice; upper and lower case count as one");
            if (!IsTenant(name)) errors.Add($"{tenant}: the name is empty or longer than {LongestTenant} characters");
            Check(limits, tenant, errors);
        }
    }

    public static bool IsTenant(string name) => name.Length <= LongestTenant && !string.IsNullOrWhiteSpace(name);

    public static void ThrowIfWrong(BudgetOptions options)
    {
        List<string> errors = [];
        Check(options, "Budgets", errors);
        FigureRules.ThrowIfAny(errors);
    }

    private static void Check(BudgetLimits? limits, string path, ICollection<string> errors)
    {
        if (limits is null) return;
        Check(limits.DollarsPerHour, nameof(limits.DollarsPerHour));
        Check(limits.DollarsPerDay, nameof(limits.DollarsPerDay));
        Check(limits.DollarsPerMonth, nameof(limits.DollarsPerMonth));
        Check(limits.GramsPerHour, nameof(limits.GramsPerHour));
        Check(limits.GramsPerDay, nameof(limits.GramsPerDay));
        Check(limits.GramsPerMonth, nameof(limits.GramsPerMonth));

        void Check(double? limit, string key)
        {
            if (limit is { } value && !(value is >= 0 and <= Largest))
                errors.Add($"{path}:{key}: {value} is out of range; use 0 to {Largest:0}");
        }
    }
}
