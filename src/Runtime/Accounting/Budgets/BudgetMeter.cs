using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Hybrid.Accounting.Budgets;

/// <summary>One window of the app or of a tenant.</summary>
internal readonly record struct BudgetReading(string? Tenant, string Window, BudgetAmount Limit, BudgetAmount Taken, BudgetAmount Left);

/// <summary>What the budgets tell the meter <c>Hybrid</c>, for the app and for tenants that are named in the configuration: others could be many.</summary>
internal static class BudgetMeter
{
    private static readonly Meter Meter = new(HybridMeter.Name);
    private static readonly ConcurrentDictionary<BudgetLedger, byte> Ledgers = new();
    private static readonly Counter<long> Refusals = Meter.CreateCounter<long>("hybrid.budget.refusals", "{attempt}", "Attempts that were not sent because a budget left no room, by target.");
    private static readonly Counter<long> Overruns = Meter.CreateCounter<long>("hybrid.budget.overruns", "{attempt}", "Attempts that took more than was reserved for them, by target.");

    static BudgetMeter()
    {
        Gauge("dollars_spent", "USD", "Dollars spent or reserved", reading => reading.Taken.Dollars);
        Gauge("dollars_left", "USD", "Dollars left", reading => reading.Left.Dollars);
        Gauge("grams_spent", "g", "Grams CO2e emitted or reserved", reading => reading.Taken.Grams);
        Gauge("grams_left", "g", "Grams CO2e left", reading => reading.Left.Grams);
    }

    public static void Refused(string target) => Refusals.Add(1, new KeyValuePair<string, object?>("target", target));

    public static void Overran(string target) => Overruns.Add(1, new KeyValuePair<string, object?>("target", target));

    /// <summary>Lets the gauges ask a ledger until the result is disposed.</summary>
    public static IDisposable Watch(BudgetLedger ledger)
    {
        Ledgers[ledger] = 0;
        return new Watching(ledger);
    }

    private static void Gauge(string name, string unit, string what, Func<BudgetReading, long> part) => Meter.CreateObservableGauge(
        "hybrid.budget." + name,
        () => Ledgers.Keys.SelectMany(ledger => ledger.Read()).Where(reading => part(reading) != BudgetAmount.NoLimit).Select(reading => new Measurement<double>(
            BudgetAmount.Units(part(reading)) ?? 0,
            new KeyValuePair<string, object?>("scope", reading.Tenant is null ? "app" : "tenant:" + reading.Tenant),
            new KeyValuePair<string, object?>("window", reading.Window))),
        unit,
        what + " of a window, by scope (app, tenant:NAME) and window (hour, day, month).");

    private sealed class Watching(BudgetLedger ledger) : IDisposable
    {
        public void Dispose() => Ledgers.TryRemove(ledger, out _);
    }
}
