using Microsoft.Extensions.Logging;

namespace Hybrid.Accounting.Budgets;

/// <summary>What the budgets tell the log.</summary>
internal static partial class BudgetLog
{
    [LoggerMessage(1321, LogLevel.Warning, "Budgets are kept in memory only: a restart forgets what was spent. Set Hybrid:Budgets:Path to keep it.")]
    public static partial void MemoryOnly(ILogger logger);

    [LoggerMessage(1322, LogLevel.Information, "Budget file '{Path}': {Count} requests had not ended when it was last closed; what was reserved for them (${Dollars}, {Grams} g) counts as spent.")]
    public static partial void Unsettled(ILogger logger, string path, int count, double dollars, double grams);

    [LoggerMessage(1323, LogLevel.Error, "Budget file '{Path}': {Lines} lines are damaged and were left out, a copy is beside it as '.damaged'. A reservation and its settlement stand in for each other, totals stand there twice; compare with the bill.")]
    public static partial void Damaged(ILogger logger, string path, int lines);

    [LoggerMessage(1324, LogLevel.Error, "Budget file '{Path}' could not be written: {Reason} Until it can, only targets that cost nothing are asked.")]
    public static partial void NotWritten(ILogger logger, string path, string reason);

    [LoggerMessage(1325, LogLevel.Warning, "Target '{Target}' took ${Dollars} and {Grams} g, more than the ${MostDollars} and {MostGrams} g that were reserved. It counts in full.")]
    public static partial void Overrun(ILogger logger, string target, double dollars, double grams, double mostDollars, double mostGrams);

    [LoggerMessage(1326, LogLevel.Warning, "Budget file '{Path}': the clock is before the last window that was written. Spending counts in that window until the clock has passed it.")]
    public static partial void ClockBack(ILogger logger, string path);
}
