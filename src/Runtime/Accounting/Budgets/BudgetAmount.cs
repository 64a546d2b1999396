using System.Runtime.InteropServices;

namespace Hybrid.Accounting.Budgets;

/// <summary>Money and emission in billionths of a dollar and of a gram, so that sums are exact.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct BudgetAmount(long Dollars, long Grams)
{
    public const long NoLimit = long.MaxValue;
    private const double Billion = 1e9;
    private const long Largest = long.MaxValue / 4;

    public bool IsZero => Dollars == 0 && Grams == 0;

    /// <summary>Rounded up; what is not a number counts as the largest amount.</summary>
    public static BudgetAmount Up(double dollars, double grams) => new(Up(dollars), Up(grams));

    /// <summary>Rounded down; null is no limit.</summary>
    public static long Limit(double? amount) => amount is { } value ? (long)Math.Floor(Math.Clamp(value, 0, Largest / Billion) * Billion) : NoLimit;

    /// <summary>In dollars or grams; null where there is no limit.</summary>
    public static double? Units(long billionths) => billionths == NoLimit ? null : billionths / Billion;

    public static BudgetAmount operator +(BudgetAmount a, BudgetAmount b) => new(Sum(a.Dollars, b.Dollars), Sum(a.Grams, b.Grams));

    public static BudgetAmount operator -(BudgetAmount a, BudgetAmount b) => new(Sum(a.Dollars, -b.Dollars), Sum(a.Grams, -b.Grams));

    public BudgetAmount AtLeastZero() => new(Math.Max(Dollars, 0), Math.Max(Grams, 0));

    /// <summary>Only what is limited counts.</summary>
    public BudgetAmount Only(bool dollars, bool grams) => new(dollars ? Dollars : 0, grams ? Grams : 0);

    private static long Up(double amount)
    {
        if (double.IsNaN(amount) || amount >= Largest / Billion) return Largest;
        return amount > 0 ? (long)Math.Ceiling(amount * Billion) : 0;
    }

    private static long Sum(long a, long b) => (long)Int128.Clamp((Int128)a + b, -Largest, Largest);
}
