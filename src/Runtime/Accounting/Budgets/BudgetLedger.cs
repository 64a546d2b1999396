using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.Accounting.Budgets;

/// <summary>What the app and its tenants have spent and may still spend; several clients may share one.</summary>
/// <remarks>
/// Thread-safe. The most that an attempt can cost is set aside before it is sent and on disk by then; what it took is settled
/// after it, in the windows in which it was asked. What was set aside and not settled when the process ended counts as spent.
/// Whoever opened a ledger disposes it, after the clients that use it.
/// </remarks>
public sealed class BudgetLedger : IDisposable, IAsyncDisposable
{
    internal const long CompactAt = 1 << 20;
    private readonly Lock _gate = new();
    private readonly BudgetOptions _options;
    private readonly Dictionary<string, BudgetLimits> _named;
    private readonly Dictionary<string, BudgetScope> _tenants = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<long, BudgetReservation> _open = [];
    private readonly TimeProvider _time;
    private readonly BudgetJournal? _journal;
    private readonly IDisposable _meter;
    private readonly BudgetScope _app;
    private BudgetWindows _windows;
    private long _computedFor = long.MinValue; // the minute of the last look at the calendar
    private long _lastId;
    private int _disposed;

    private BudgetLedger(BudgetOptions options, TimeProvider time, ILogger logger, long compactAt)
    {
        BudgetRules.ThrowIfWrong(options);
        (_options, _time, Logger) = (options, time, logger);
        _named = new(options.Tenants, StringComparer.OrdinalIgnoreCase);
        _app = new(null, options.App ?? BudgetLimits.None);
        if (options.Path is { } path)
            _journal = OpenJournal(path, compactAt);
        else if (options.App is not null || options.EachTenant is not null || options.Tenants.Count > 0)
            BudgetLog.MemoryOnly(logger);
        _meter = BudgetMeter.Watch(this);
    }

    internal ILogger Logger { get; }

    /// <summary>Flushes to disk so far.</summary>
    internal int Flushes => _journal?.Flushes ?? 0;

    /// <summary>Opens budgets, with what their file says was spent.</summary>
    /// <exception cref="HybridException">A limit is out of range (<see cref="HybridError.Configuration"/>), or the file cannot be used, such as by two processes at once (<see cref="HybridError.Storage"/>).</exception>
    public static BudgetLedger Open(BudgetOptions options, TimeProvider? time = null, ILogger? logger = null) => Open(options, time, logger, CompactAt);

    internal static BudgetLedger Open(BudgetOptions options, TimeProvider? time, ILogger? logger, long compactAt)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new(options, time ?? TimeProvider.System, logger ?? NullLogger.Instance, compactAt);
    }

    /// <summary>What is left now.</summary>
    /// <param name="tenant">Whose; null: the app's own.</param>
    public BudgetLeft Left(string? tenant = null)
    {
        lock (_gate)
        {
            var now = Now();
            var left = _app.Left(now);
            if (Scope(tenant) is { } scope)
            {
                var own = scope.Left(now);
                left = new(Math.Min(left.Dollars, own.Dollars), Math.Min(left.Grams, own.Grams));
            }

            return new(BudgetAmount.Units(left.Dollars), BudgetAmount.Units(left.Grams));
        }
    }

    /// <summary>Closes the file, waiting for what is still being written.</summary>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <summary>Closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        _meter.Dispose();
        if (_journal is not null) await _journal.DisposeAsync();
    }

    /// <summary>Whether a tenant's requests have any limit of dollars, and of grams.</summary>
    internal (bool Dollars, bool Grams) Limited(string? tenant)
    {
        var (app, own) = (_options.App ?? BudgetLimits.None, Limits(tenant) ?? BudgetLimits.None);
        return (app.Dollars || own.Dollars, app.Grams || own.Grams);
    }

    /// <summary>Sets an amount aside in every window at once, or in none; it is on disk when this ends.</summary>
    internal async ValueTask<BudgetAnswer> ReserveAsync(string? tenant, BudgetAmount most, CancellationToken cancellationToken)
    {
        BudgetReservation reservation;
        Task written;
        lock (_gate)
        {
            var now = Now();
            if ((_app.Shortfall(now, most) ?? Scope(tenant)?.Shortfall(now, most)) is { } refusal) return new(null, refusal);
            reservation = new(++_lastId, now, most, tenant);
            Count(reservation, most);
            _open.Add(reservation.Id, reservation);
            written = Write(settled: false, reservation, most, durable: true);
        }

        try
        {
            await written.WaitAsync(cancellationToken);
        }
        catch
        {
            Settle(reservation, default);
            throw;
        }

        return new(reservation, "");
    }

    /// <summary>Counts what was taken in the place of what was set aside; a second time changes nothing.</summary>
    internal void Settle(BudgetReservation reservation, BudgetAmount actual)
    {
        lock (_gate)
        {
            if (!_open.Remove(reservation.Id)) return;
            Count(reservation, actual - reservation.Most);
            _ = Write(settled: true, reservation, actual, durable: false);
        }
    }

    /// <summary>Counts what nothing was set aside for.</summary>
    internal void Spend(string? tenant, BudgetAmount actual)
    {
        lock (_gate)
        {
            var spent = new BudgetReservation(++_lastId, Now(), default, tenant);
            Count(spent, actual);
            _ = Write(settled: true, spent, actual, durable: false);
        }
    }

    /// <summary>The windows of the app and of the tenants that the configuration names.</summary>
    internal IReadOnlyList<BudgetReading> Read()
    {
        lock (_gate)
        {
            var now = Now();
            List<BudgetReading> readings = [];
            foreach (var scope in _named.Keys.Select(Scope).OfType<BudgetScope>().Prepend(_app))
            {
                for (var i = 0; i < BudgetWindows.Count; i++)
                    readings.Add(new(scope.Tenant, BudgetWindows.Names[i], scope.Limit(i), scope.Taken(i, now), scope.Left(i, now)));
            }

            return readings;
        }
    }

    private Task Write(bool settled, BudgetReservation reservation, BudgetAmount amount, bool durable) => _journal is null
        ? Task.CompletedTask
        : _journal.Append(BudgetLine.Of(new BudgetLine.Entry(settled, reservation.Id, reservation.Windows, amount, reservation.Tenant)), durable);

    private void Count(BudgetReservation reservation, BudgetAmount amount)
    {
        _app.Count(reservation.Windows, amount);
        Scope(reservation.Tenant)?.Count(reservation.Windows, amount);
    }

    private BudgetLimits? Limits(string? tenant) => tenant is null ? null : _named.GetValueOrDefault(tenant) ?? _options.EachTenant;

    private BudgetScope? Scope(string? tenant)
    {
        if (tenant is null) return null;
        if (_tenants.TryGetValue(tenant, out var known)) return known;
        return Limits(tenant) is { } limits ? _tenants[tenant] = new(tenant, limits) : null;
    }

    private BudgetWindows Now()
    {
        var now = _time.GetUtcNow();
        var minute = now.UtcTicks / TimeSpan.TicksPerMinute; // clocks are changed at whole minutes
        if (minute == _computedFor) return _windows;
        _computedFor = minute;
        var latest = _windows.Latest(BudgetWindows.At(now, _options.TimeZone));
        if (latest.Month > _windows.Month) _tenants.Clear(); // with the month, all that they took has passed
        return _windows = latest;
    }

    private BudgetJournal OpenJournal(string path, long compactAt)
    {
        var file = BudgetFile.Open(path);
        try
        {
            var replay = new BudgetReplay(file, _options.TimeZone, _time.GetUtcNow(), Logger);
            foreach (var total in replay.Totals) Known(total.Tenant).Restore(total.Windows, total.Taken);
            foreach (var (windows, amount, tenant) in replay.Counted)
            {
                _app.Count(windows, amount);
                if (tenant is not null) Known(tenant).Count(windows, amount);
            }

            _windows = replay.Windows;
            file.Replace(Snapshot());
            return new(file, _gate, Snapshot, Logger, compactAt);
        }
        catch (Exception failure)
        {
            file.Dispose();
            if (failure is IOException or UnauthorizedAccessException)
                throw new HybridException(HybridError.Storage, $"The budget file '{file.Path}' could not be written: {failure.Message} What stood there before is as it was. Make room, or allow writing to its folder.", failure);
            throw;
        }
    }

    /// <summary>A scope that the file names, with limits or without: a limit may come back.</summary>
    private BudgetScope Known(string? tenant) => tenant is null ? _app : Scope(tenant) ?? (_tenants[tenant] = new(tenant, BudgetLimits.None));

    /// <summary>The file as it would be written now: every total twice and never side by side, so that no damaged line loses one, then what is set aside.</summary>
    private string Snapshot()
    {
        foreach (var one in _open.Values) Count(one, default(BudgetAmount) - one.Most);
        string[] totals = [BudgetLine.Sealed(BudgetLine.Head), .. _tenants.Values.Prepend(_app).Select(scope => BudgetLine.Of(scope.Total()))];
        foreach (var one in _open.Values) Count(one, one.Most);
        var lines = new StringBuilder();
        foreach (var line in totals.Concat(totals)) lines.Append(line).Append('\n');
        foreach (var one in _open.Values)
            lines.Append(BudgetLine.Of(new BudgetLine.Entry(false, one.Id, one.Windows, one.Most, one.Tenant))).Append('\n');
        return lines.ToString();
    }
}
