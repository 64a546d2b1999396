using Microsoft.Extensions.Logging;

namespace Hybrid.Accounting.Budgets;

/// <summary>What a budget file says: totals, and what was counted after them.</summary>
/// <remarks>
/// A line that was not written to its end is no line. A damaged one is left out and reported: a settlement without its
/// reservation counts in full, and a reservation without its settlement as if all of it had been spent.
/// </remarks>
internal sealed class BudgetReplay
{
    public BudgetReplay(BudgetFile file, TimeZoneInfo zone, DateTimeOffset now, ILogger logger)
    {
        var lines = file.Read();
        Dictionary<long, BudgetLine.Entry> open = [];
        List<BudgetLine.Total> totals = [];
        List<(BudgetWindows Windows, BudgetAmount Amount, string? Tenant)> counted = [];
        var (good, damaged) = (0, 0);
        foreach (var line in lines)
        {
            var content = BudgetLine.Open(line);
            if (content is null)
            {
                damaged++;
                continue;
            }

            good++;
            if (content == BudgetLine.Head) continue;
            if (BudgetLine.TryRead(content, out BudgetLine.Total total))
            {
                totals.Add(total);
                Windows = Windows.Latest(total.Windows);
            }
            else if (BudgetLine.TryRead(content, out BudgetLine.Entry entry))
            {
                Windows = Windows.Latest(entry.Windows);
                if (!entry.Settled) open[entry.Id] = entry;
                else open.Remove(entry.Id);
                if (entry.Settled) counted.Add((entry.Windows, entry.Amount, entry.Tenant));
            }
            else
            {
                // A whole line that says something unknown: a later version's, which must not be spoilt.
                throw Foreign(file.Path, $"it has a line '{content}'");
            }
        }

        if (good == 0 && damaged > 0) throw Foreign(file.Path, "none of its lines is one of ours");
        if (open.Count > 0)
        {
            var unsettled = open.Values.Aggregate(default(BudgetAmount), (sum, entry) => sum + entry.Amount);
            BudgetLog.Unsettled(logger, file.Path, open.Count, BudgetAmount.Units(unsettled.Dollars) ?? 0, BudgetAmount.Units(unsettled.Grams) ?? 0);
            counted.AddRange(open.Values.Select(entry => (entry.Windows, entry.Amount, entry.Tenant)));
        }

        if (damaged > 0)
        {
            file.KeepDamaged();
            BudgetLog.Damaged(logger, file.Path, damaged);
        }

        var present = BudgetWindows.At(now, zone);
        if (Windows.Latest(present) != present) BudgetLog.ClockBack(logger, file.Path);
        (Totals, Counted) = (totals, [.. counted.OrderBy(one => one.Windows.Hour)]);
    }

    public IReadOnlyList<BudgetLine.Total> Totals { get; }

    /// <summary>In the order of their windows, so that none is dropped before it has counted.</summary>
    public IReadOnlyList<(BudgetWindows Windows, BudgetAmount Amount, string? Tenant)> Counted { get; }

    /// <summary>The latest windows that were written.</summary>
    public BudgetWindows Windows { get; }

    private static HybridException Foreign(string path, string why) =>
        new(HybridError.Storage, $"'{path}' is no budget file, or one of a later version: {why}. Nothing was changed. Move it away, or name another file under Hybrid:Budgets:Path.");
}
