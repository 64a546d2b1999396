namespace Hybrid.Accounting.Budgets;

/// <summary>What may be spent in an hour, a day and a month of the calendar; each 0 to 1,000,000,000.</summary>
public sealed record BudgetLimits
{
    /// <summary>Dollars in an hour.</summary>
    /// <value>Null: no limit.</value>
    public double? DollarsPerHour { get; init; }

    /// <summary>Dollars in a day.</summary>
    /// <value>Null: no limit.</value>
    public double? DollarsPerDay { get; init; }

    /// <summary>Dollars in a month.</summary>
    /// <value>Null: no limit.</value>
    public double? DollarsPerMonth { get; init; }

    /// <summary>Grams CO2e (E·I) in an hour.</summary>
    /// <value>Null: no limit.</value>
    public double? GramsPerHour { get; init; }

    /// <summary>Grams CO2e (E·I) in a day.</summary>
    /// <value>Null: no limit.</value>
    public double? GramsPerDay { get; init; }

    /// <summary>Grams CO2e (E·I) in a month.</summary>
    /// <value>Null: no limit.</value>
    public double? GramsPerMonth { get; init; }

    internal static BudgetLimits None { get; } = new();

    internal bool Dollars => (DollarsPerHour ?? DollarsPerDay ?? DollarsPerMonth) is not null;

    internal bool Grams => (GramsPerHour ?? GramsPerDay ?? GramsPerMonth) is not null;

    internal double? DollarsPer(int window) => window switch { 0 => DollarsPerHour, 1 => DollarsPerDay, _ => DollarsPerMonth };

    internal double? GramsPer(int window) => window switch { 0 => GramsPerHour, 1 => GramsPerDay, _ => GramsPerMonth };
}
