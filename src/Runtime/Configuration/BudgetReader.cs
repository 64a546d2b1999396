using Hybrid.Accounting.Budgets;

namespace Hybrid.Configuration;

/// <summary>Reads the budgets.</summary>
internal static class BudgetReader
{
    public static BudgetOptions Read(SectionReader section)
    {
        var tenants = new Dictionary<string, BudgetLimits>(StringComparer.OrdinalIgnoreCase);
        foreach (var tenant in section.Sections(nameof(BudgetOptions.Tenants))) tenants[tenant.Name] = Limits(tenant);
        var options = new BudgetOptions
        {
            App = section.Section(nameof(BudgetOptions.App)) is { } app ? Limits(app) : null,
            EachTenant = section.Section(nameof(BudgetOptions.EachTenant)) is { } each ? Limits(each) : null,
            Tenants = tenants,
            Path = section.Text(nameof(BudgetOptions.Path)) is { } path ? System.IO.Path.GetFullPath(path, AppContext.BaseDirectory) : null,
            TimeZone = section.TimeZone(nameof(BudgetOptions.TimeZone)) ?? TimeZoneInfo.Utc,
        };
        section.RefuseUnknown();
        BudgetRules.Check(options, section.Path, section.Errors);
        return options;
    }

    private static BudgetLimits Limits(SectionReader section)
    {
        var limits = new BudgetLimits
        {
            DollarsPerHour = section.Number(nameof(BudgetLimits.DollarsPerHour)),
            DollarsPerDay = section.Number(nameof(BudgetLimits.DollarsPerDay)),
            DollarsPerMonth = section.Number(nameof(BudgetLimits.DollarsPerMonth)),
            GramsPerHour = section.Number(nameof(BudgetLimits.GramsPerHour)),
            GramsPerDay = section.Number(nameof(BudgetLimits.GramsPerDay)),
            GramsPerMonth = section.Number(nameof(BudgetLimits.GramsPerMonth)),
        };
        section.RefuseUnknown();
        return limits;
    }
}
