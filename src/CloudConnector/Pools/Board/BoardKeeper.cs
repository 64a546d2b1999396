using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Hybrid.CloudConnector.Pools.Board;

/// <summary>Keeps a pool's word on the board while requests are about, and heeds what is drained there.</summary>
/// <remarks>A board that cannot be read or written changes nothing but that it is told once: what was drained stays so.</remarks>
internal sealed class BoardKeeper : IDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    /// <summary>After so long every process heeds what is on the board, and every request that runs is on it.</summary>
    public static readonly TimeSpan KnownAfter = TimeSpan.FromSeconds(2.5);

    private readonly PoolBoard _board;
    private readonly PoolParts _parts;
    private readonly ILogger _logger;
    private readonly ITimer _timer;
    private readonly Lock _writing = new();
    private long _nextLook;
    private int _armed;
    private bool _failed;
    private bool _ended;

    public BoardKeeper(PoolBoard board, PoolParts parts, ILogger logger)
    {
        (_board, _parts, _logger) = (board, parts, logger);
        _timer = parts.Clock.Time.CreateTimer(_ => Write(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        ReadDrained();
    }

    /// <summary>A request is about: what is drained is looked up, and the board is written soon.</summary>
    public void Look()
    {
        var now = _parts.Clock.Now.Ticks;
        var due = Volatile.Read(ref _nextLook);
        if (now >= due && Interlocked.CompareExchange(ref _nextLook, now + Every.Ticks, due) == due) ReadDrained();
        if (Interlocked.Exchange(ref _armed, 1) == 0) _timer.Change(Every, Timeout.InfiniteTimeSpan);
    }

    public void Dispose()
    {
        lock (_writing)
        {
            if (_ended) return;
            _ended = true;
            _timer.Dispose();
            Try(() => _board.Remove(_parts.Name, Environment.ProcessId));
        }
    }

    private void ReadDrained() => Try(() =>
    {
        var drained = _board.Drained();
        var whole = drained.Contains(_parts.Name);
        lock (_parts.Replicas.Lock)
        {
            foreach (var replica in _parts.Replicas.All) replica.IsDrained = whole || drained.Contains($"{_parts.Name}/{replica.Name}");
        }
    });

    private void Write()
    {
        lock (_writing)
        {
            if (_ended) return;
            ReadDrained();
            var status = Status();
            Try(() => _board.Write(status));
            // As long as a request runs it is written again; what comes later arms it itself.
            if (status.Waiting > 0 || status.Replicas.Any(replica => replica.Running > 0)) _timer.Change(Every, Timeout.InfiniteTimeSpan);
            else Volatile.Write(ref _armed, 0);
        }
    }

    private PoolStatus Status()
    {
        lock (_parts.Replicas.Lock)
        {
            var now = _parts.Clock.Now;
            return new(
                _parts.Name, Environment.ProcessId, Path.GetFileName(Environment.ProcessPath) ?? "", _parts.Clock.At(now, now), _parts.Admission.Waiting, _parts.Replicas.RolledBack,
                [.. _parts.Replicas.All.Select(replica => Status(replica, now))]);
        }
    }

    private ReplicaStatus Status(Replica replica, TimeSpan now)
    {
        var health = replica.Health;
        var out_ = health.OutUntil(now);
        return new(
            replica.Name,
            replica.Outstanding,
            replica.Answered,
            replica.Failed,
            Quantiles.Of(replica.FirstTokens),
            Quantiles.Of(replica.PerToken),
            health.Ejections,
            out_ is { } until ? _parts.Clock.At(until, now) : null,
            out_ is null ? null : replica.OutFor,
            health.RestsUntil(now) is { } rests ? _parts.Clock.At(rests, now) : null,
            health.IsOnTrial,
            replica.IsDrained);
    }

    private void Try(Action action)
    {
        try
        {
            action();
            _failed = false;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            if (!_failed) PoolLog.BoardFailed(_logger, _parts.Name, error.Message);
            _failed = true;
        }
    }
}
