namespace Hybrid.Accounting.Budgets;

/// <summary>What the app and each of its tenants may spend: section <c>Hybrid:Budgets</c>.</summary>
public sealed record BudgetOptions
{
    /// <summary>For all requests together.</summary>
    /// <value>Null: no limit.</value>
    public BudgetLimits? App { get; init; }

    /// <summary>For each tenant that <see cref="Tenants"/> does not name.</summary>
    /// <value>Null: no limit but the app's.</value>
    public BudgetLimits? EachTenant { get; init; }

    /// <summary>For tenants by name, upper and lower case alike.</summary>
    public IReadOnlyDictionary<string, BudgetLimits> Tenants { get; init; } = new Dictionary<string, BudgetLimits>();

    /// <summary>The file that keeps what was spent across restarts; from configuration, a relative path starts at the app's folder.</summary>
    /// <value>Null: it is kept in memory only.</value>
    public string? Path { get; init; }

    /// <summary>Whose calendar begins hours, days and months.</summary>
    /// <value>UTC</value>
    public TimeZoneInfo TimeZone { get; init; } = TimeZoneInfo.Utc;
}
