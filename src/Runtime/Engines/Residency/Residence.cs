using Hybrid.Targets;

namespace Hybrid.Engines.Residency;

/// <summary>One stay of a model in memory, from the wait for room to the unload. All but <see cref="Ready"/> belongs to the lock of <see cref="Residences"/>.</summary>
internal sealed class Residence(ResidentTarget owner, long bytes, long queuedAt)
{
    private readonly TaskCompletionSource<ITarget> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ResidentTarget Owner => owner;

    public long Bytes => bytes;

    public long QueuedAt => queuedAt;

    public ResidencePhase Phase { get; set; } = ResidencePhase.Queued;

    /// <summary>Requests that stream, or wait for the load.</summary>
    public int Leases { get; set; }

    /// <summary>Higher is later; a count, not a time, so that no two are equal.</summary>
    public long LastUse { get; set; }

    public long IdleSince { get; set; }

    /// <summary>Whether it makes way as soon as it is idle, and takes no new requests until then.</summary>
    public bool Closing { get; set; }

    public ITarget? Loaded { get; set; }

    public ITimer? Timer { get; set; }

    /// <summary>The load, then the unload; never fails.</summary>
    public Task Work { get; set; } = Task.CompletedTask;

    /// <summary>The loaded model, or why there is none.</summary>
    public Task<ITarget> Ready => _ready.Task;

    public bool MayMakeWay => Phase == ResidencePhase.Loaded && !owner.Model.Pinned;

    public void Open(ITarget loaded) => _ready.SetResult(loaded);

    public void Fail(HybridException error)
    {
        Phase = ResidencePhase.Ended;
        _ready.SetException(error);
        _ = _ready.Task.Exception; // heard, also where nobody waits any more
    }
}

/// <summary>Where a stay is.</summary>
internal enum ResidencePhase
{
    /// <summary>Waits for room.</summary>
    Queued,
    Loading,
    Loaded,
    Unloading,
    Ended,
}
