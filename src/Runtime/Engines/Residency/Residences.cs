using Hybrid.Configuration;
using Hybrid.Device;
using Hybrid.Targets;
using Microsoft.Extensions.Logging;

namespace Hybrid.Engines.Residency;

/// <summary>The models that are loaded, are being loaded or wait for room, under one lock that no load, unload or stream holds.</summary>
internal sealed partial class Residences : IAsyncDisposable
{
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(40);
    private readonly Lock _lock = new();
    private readonly List<ResidentTarget> _targets = [];
    private readonly List<Residence> _queue = [];
    private readonly List<Residence> _held = [];
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly int _queueCapacity;
    private readonly ITimer _impatience;
    private readonly IMemoryPressure? _pressure;
    private long _uses;
    private bool _disposed;

    public Residences(long? budget, TimeProvider time, int queueCapacity, ILogger logger, IMemoryPressure? pressure)
    {
        (Budget, _time, _queueCapacity, _logger, _pressure) = (budget, time, queueCapacity, logger, pressure);
        _impatience = time.CreateTimer(_ => Locked(Pump), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public long? Budget { get; }

    public long ReservedBytes
    {
        get
        {
            lock (_lock) return Reserved;
        }
    }

    private long Reserved => _held.Sum(one => one.Bytes);

    public ITarget Add(ResidentModel model)
    {
        lock (_lock)
        {
            if (_disposed) throw new HybridException(HybridError.TargetUnavailable, $"Target '{model.Descriptor.Name}' was not taken in: the models were disposed.");
            var target = new ResidentTarget(this, model);
            _targets.Add(target);
            return target;
        }
    }

    public async ValueTask DisposeAsync()
    {
        ResidentTarget[] targets;
        lock (_lock)
        {
            _disposed = true;
            targets = [.. _targets];
        }

        await Task.WhenAll(targets.Select(target => target.DisposeAsync().AsTask()));
        await _impatience.DisposeAsync();
        if (_pressureTimer is not null) await _pressureTimer.DisposeAsync();
    }

    public TargetState StateOf(ResidentTarget target)
    {
        ITarget? loaded;
        lock (_lock)
        {
            if (target.Disposed) return new(TargetReadiness.Unavailable, "disposed");
            switch (target.Current)
            {
                case { Phase: ResidencePhase.Queued } waiting: return new(TargetReadiness.Warming, "waits for memory", waiting.Leases);
                case { Phase: ResidencePhase.Loading } loading: return new(TargetReadiness.Warming, "loading", loading.Leases);
                case null when RecentFailure(target) is { } failure: return new(TargetReadiness.Unavailable, failure.Message);
                case null: return new(TargetReadiness.Cold, "not loaded");
                default: loaded = target.Current.Loaded; break;
            }
        }

        return loaded!.State;
    }

    /// <summary>The model, loaded; waits for room and for the load.</summary>
    public async ValueTask<Lease> AcquireAsync(ResidentTarget target, bool warming, DateTimeOffset? deadline, CancellationToken cancellationToken)
    {
        if (Find(target, counts: true) is { } warm) return warm;
        using var limit = deadline is { } end ? new CancellationTokenSource(Left(end), _time) : null;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit?.Token ?? default);
        Residence? residence = null;
        try
        {
            var bytes = await MeasureAsync(target, warming, either.Token);
            residence = Join(target, bytes, warming);
            return new(this, residence, await residence.Ready.WaitAsync(either.Token), counts: true);
        }
        catch (Exception error)
        {
            if (residence is not null) Release(residence, counts: false);
            cancellationToken.ThrowIfCancellationRequested();
            if (error is OperationCanceledException && either.IsCancellationRequested) throw TooLate(target);
            throw;
        }
    }

    /// <summary>The model where it is loaded, without a wait.</summary>
    /// <param name="target">The model's target.</param>
    /// <param name="counts">Whether that is a use, and not only a look.</param>
    public Lease? Find(ResidentTarget target, bool counts)
    {
        lock (_lock)
        {
            if (target.Current is not { Phase: ResidencePhase.Loaded } residence) return null;
            residence.Leases++;
            if (counts) Touch(residence);
            return new(this, residence, residence.Loaded!, counts);
        }
    }

    public void Release(Residence residence, bool counts) => Locked(() =>
    {
        residence.Leases--;
        if (counts) Touch(residence);
        if (residence.Phase == ResidencePhase.Loaded) Settle(residence);
        if (residence is { Phase: ResidencePhase.Queued, Leases: 0 })
        {
            _queue.Remove(residence);
            residence.Phase = ResidencePhase.Ended;
            residence.Owner.Current = null;
        }

        Pump();
    });

    /// <summary>Takes a model out; the task ends when its memory is free. Again: at once.</summary>
    public Task Remove(ResidentTarget target)
    {
        lock (_lock)
        {
            if (target.Disposed) return Task.CompletedTask;
            target.Disposed = true;
            _targets.Remove(target);
            if (target.Current is { Phase: ResidencePhase.Queued } waiting)
            {
                _queue.Remove(waiting);
                waiting.Fail(target.Unavailable("was disposed"));
            }

            target.Current = null;
            foreach (var residence in _held.Where(one => one.Owner == target && one.Phase == ResidencePhase.Loaded)) Unload(residence, "it is disposed of");
            var ending = Task.WhenAll(_held.Where(one => one.Owner == target).Select(one => one.Work));
            Pump();
            return ending;
        }
    }

    private void Locked(Action action)
    {
        lock (_lock) action();
    }

    private TimeSpan Left(DateTimeOffset deadline)
    {
        var left = deadline - _time.GetUtcNow();
        return left <= TimeSpan.Zero ? TimeSpan.Zero : left < LongestTimer ? left : LongestTimer;
    }

    private HybridException? RecentFailure(ResidentTarget target) =>
        target.Failure is { } failure && _time.GetElapsedTime(failure.At) < target.Model.RetryAfter ? failure.Error : null;

    private void Refuse(ResidentTarget target, bool warming)
    {
        if (target.Disposed) throw target.Unavailable("was disposed");
        if (target.Current is null && !warming && RecentFailure(target) is { } failure)
            throw new HybridException(failure.Error, $"{failure.Message} Nothing was loaded; it is tried again {target.Model.RetryAfter.TotalSeconds:0.#} s after the failure.", failure);
    }

    /// <summary>Bytes of a model that is to be loaded; 0 where nothing counts them.</summary>
    private async ValueTask<long> MeasureAsync(ResidentTarget target, bool warming, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Refuse(target, warming);
            if (Budget is null || target.Model.EstimateAsync is null) return 0;
            if (target.Bytes is { } known) return known;
        }

        try
        {
            return await target.Model.EstimateAsync(cancellationToken);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            throw Failed(target, error);
        }
    }

    private Residence Join(ResidentTarget target, long bytes, bool warming)
    {
        lock (_lock)
        {
            Refuse(target, warming);
            target.Bytes = bytes;
            if (target.Current is null) CheckFits(target, bytes);
            if (target.Current is null or { Phase: ResidencePhase.Queued } && _queue.Sum(one => one.Leases) >= _queueCapacity)
                throw new HybridException(HybridError.Busy, $"Target '{target.Descriptor.Name}' waits for memory that busy models hold, and {_queueCapacity} requests wait already. Nothing was decoded; try again later.");
            if (target.Current is { } current)
            {
                current.Leases++;
                Touch(current);
                return current;
            }

            var residence = target.Current = new(target, bytes, _time.GetTimestamp()) { Leases = 1 };
            _queue.Add(residence);
            Pump();
            return residence;
        }
    }

    /// <summary>Refuses what no wait can make room for.</summary>
    private void CheckFits(ResidentTarget target, long bytes)
    {
        var pinned = _held.Where(one => one.Owner.Model.Pinned && one.Owner != target).Sum(one => one.Bytes);
        if (Budget is not { } budget || bytes <= budget - pinned) return;
        var kept = pinned > 0 ? $", of which pinned models hold {ByteSize.Text(pinned)}" : "";
        throw Failed(target, new HybridException(HybridError.Configuration, $"Target '{target.Descriptor.Name}' needs an estimated {ByteSize.Text(bytes)}, and the memory budget is {ByteSize.Text(budget)}{kept}. Nothing was loaded; raise the budget, or use a smaller model or a shorter context."));
    }

    /// <summary>Starts what has room, in the order of arrival.</summary>
    private void Pump()
    {
        for (var i = 0; i < _queue.Count;)
        {
            var next = _queue[i];
            if (_held.Exists(one => one.Owner == next.Owner))
            {
                i++; // its last stay has to end first
                continue;
            }

            if (!MakeRoom(next)) return;
            _queue.RemoveAt(i);
            _held.Add(next);
            next.Phase = ResidencePhase.Loading;
            next.Work = Task.Run(() => LoadAsync(next));
        }
    }

    /// <summary>Whether there is room now; else unloads idle models if that will do.</summary>
    private bool MakeRoom(Residence next)
    {
        if (Budget is not { } budget) return true;
        var missing = next.Bytes - (budget - Reserved);
        if (missing <= 0) return true;
        missing -= _held.Where(one => one.Closing || one.Phase == ResidencePhase.Unloading).Sum(one => one.Bytes);
        var waited = _time.GetElapsedTime(next.QueuedAt);
        if (!Choose(missing, busyToo: false) && !Choose(missing, busyToo: waited >= ResidentModels.Patience))
            _impatience.Change(waited < ResidentModels.Patience ? ResidentModels.Patience - waited : Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        return false;

        bool Choose(long bytes, bool busyToo)
        {
            List<Residence> chosen = [];
            foreach (var one in _held.Where(one => one.MayMakeWay && !one.Closing && (busyToo || one.Leases == 0)).OrderBy(one => one.LastUse))
            {
                if (bytes <= 0) break;
                chosen.Add(one);
                bytes -= one.Bytes;
            }

            if (bytes > 0) return false;
            foreach (var one in chosen)
            {
                one.Closing = true;
                one.Owner.Current = null;
                Settle(one);
            }

            return true;
        }
    }

    private async Task LoadAsync(Residence residence)
    {
        var (target, began) = (residence.Owner, _time.GetTimestamp());
        ResidencyLog.Loading(_logger, target.Descriptor.Model);
        ITarget? loaded = null;
        try
        {
            loaded = await target.Model.LoadAsync(target.Stopping);
            if (loaded.Descriptor.Zone != target.Model.Descriptor.Zone)
                throw target.Unavailable($"loaded into another zone than its configured '{target.Model.Descriptor.Zone}'");
            lock (_lock)
            {
                if (target.Disposed) throw target.Unavailable("was disposed");
                target.Learn(loaded.Descriptor);
                target.Failure = null;
                (residence.Phase, residence.Loaded) = (ResidencePhase.Loaded, loaded);
                Touch(residence);
                residence.Open(loaded);
                ResidencyLog.Loaded(_logger, target.Descriptor.Model, _time.GetElapsedTime(began).TotalSeconds);
                Settle(residence);
                WatchPressure();
                Pump();
            }
        }
        catch (Exception error)
        {
            if (loaded is not null) await DisposeAsync(loaded, target);
            lock (_lock)
            {
                _held.Remove(residence);
                if (target.Current == residence) target.Current = null;
                residence.Fail(Failed(target, error));
                Pump();
            }
        }
    }

    /// <summary>Remembers why a model cannot be used for a while.</summary>
    private HybridException Failed(ResidentTarget target, Exception error)
    {
        lock (_lock)
        {
            if (target.Disposed) return target.Unavailable("was disposed");
            var known = error as HybridException ?? target.Unavailable($"could not be loaded: {error.Message}", error);
            (target.Bytes, target.Failure) = (null, (known, _time.GetTimestamp()));
            ResidencyLog.LoadFailed(_logger, target.Descriptor.Model, known.Message);
            return known;
        }
    }

    private void Touch(Residence residence) => (residence.LastUse, residence.IdleSince) = (++_uses, _time.GetTimestamp());

    /// <summary>Unloads a model that has been idle for long enough, or sees to it that this is looked at again.</summary>
    private void Settle(Residence residence)
    {
        if (residence.Phase != ResidencePhase.Loaded || residence.Leases > 0) return;
        if (residence.Closing)
        {
            Unload(residence, "another needs its memory");
            return;
        }

        if (residence.Owner.Model is not { KeepAlive: { } keepAlive, Pinned: false }) return;
        var left = keepAlive - _time.GetElapsedTime(residence.IdleSince);
        if (left <= TimeSpan.Zero)
        {
            Unload(residence, "it was idle");
            return;
        }

        residence.Timer ??= _time.CreateTimer(_ => Locked(() => Settle(residence)), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        residence.Timer.Change(left < LongestTimer ? left : LongestTimer, Timeout.InfiniteTimeSpan);
    }

    private void Unload(Residence residence, string reason)
    {
        var target = residence.Owner;
        ResidencyLog.Unloading(_logger, target.Descriptor.Model, reason);
        residence.Phase = ResidencePhase.Unloading;
        residence.Timer?.Dispose();
        if (target.Current == residence) target.Current = null;
        residence.Work = Task.Run(async () =>
        {
            await DisposeAsync(residence.Loaded!, target);
            lock (_lock)
            {
                _held.Remove(residence);
                residence.Phase = ResidencePhase.Ended;
                Pump();
            }
        });
    }

    private async ValueTask DisposeAsync(ITarget loaded, ResidentTarget target)
    {
        try
        {
            await loaded.DisposeAsync();
        }
        catch (Exception error)
        {
            ResidencyLog.UnloadFailed(_logger, target.Descriptor.Model, error);
        }

        target.Model.OnUnloaded?.Invoke();
    }

    private static HybridException TooLate(ResidentTarget target) =>
        new(HybridError.DeadlineExceeded, $"The deadline passed while target '{target.Descriptor.Name}' was being loaded or waited for memory. Nothing was decoded.");
}
