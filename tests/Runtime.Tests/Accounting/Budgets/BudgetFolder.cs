using Hybrid.Accounting.Budgets;
using Microsoft.Extensions.Logging;

namespace Hybrid.Tests.Accounting.Budgets;

/// <summary>A folder for one test's budget file, and what was logged about it.</summary>
internal sealed class BudgetFolder : IDisposable, ILogger
{
    private readonly string _folder = Directory.CreateTempSubdirectory("budgets").FullName;
    private readonly List<string> _log = [];

    public string Path => System.IO.Path.Combine(_folder, "budgets.log");

    public ManualTimeProvider Time { get; } = new();

    public IReadOnlyList<string> Log
    {
        get
        {
            lock (_log) return [.. _log];
        }
    }

    public BudgetLedger Open(BudgetLimits? app = null, BudgetLimits? each = null, long compactAt = BudgetLedger.CompactAt) =>
        BudgetLedger.Open(new() { App = app, EachTenant = each, Path = Path }, Time, this, compactAt);

    public void Write(params string[] lines) => File.WriteAllText(Path, string.Concat(lines.Select(line => line + "\n")));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (_log) _log.Add($"{eventId.Id} {logLevel}: {formatter(state, exception)}");
    }
}
