using Hybrid.Targets;

namespace Hybrid.Network;

/// <summary>Asks targets for their state when requests are about, so that a pool that was unloaded meanwhile is not taken for a warm one.</summary>
/// <remarks>
/// <para>A target of which nothing was heard for <see cref="FreshFor"/> is stale. Looking asks every stale one in the background, one
/// question at a time each; without requests nobody is asked. A request waits for the answer only where a stale target would take it,
/// and no longer than <see cref="LongestWait"/>: what is known then counts.</para>
/// <para>Targets that cannot be asked (<see cref="INetworkTarget.ProbeAsync"/> gives null) are never stale.</para>
/// </remarks>
internal sealed class StateWatch : IDisposable
{
    /// <summary>How long a state counts. Pools stay loaded for minutes, so what is older may be wrong.</summary>
    public static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(10);

    /// <summary>The most that a request waits for a state: a few round trips over a bad line, and little beside a cold start.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(0.25);

    private readonly Watched[] _watched;
    private readonly NetworkState? _network;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _disposed = new();

    private StateWatch(Watched[] watched, NetworkState? network, TimeProvider time) => (_watched, _network, _time) = (watched, network, time);

    /// <returns>Null where no target can be asked.</returns>
    public static StateWatch? Of(IEnumerable<ITarget> targets, NetworkState? network, TimeProvider time)
    {
        Watched[] watched = [.. targets.Where(target => target is INetworkTarget).Select(target => new Watched(target))];
        return watched.Length == 0 ? null : new(watched, network, time);
    }

    /// <summary>Asks who is stale.</summary>
    /// <returns>Whether anybody is.</returns>
    public bool Look()
    {
        var stale = false;
        foreach (var watched in _watched)
        {
            if (!IsStale(watched)) continue;
            stale = true;
            _ = Ask(watched);
        }

        return stale;
    }

    /// <summary>Waits until a target is no longer stale.</summary>
    /// <param name="target">Its name.</param>
    /// <param name="limit">Ends the wait.</param>
    /// <returns>Whether it was stale and answered.</returns>
    public async ValueTask<bool> HearAsync(string target, CancellationToken limit)
    {
        if (Array.Find(_watched, one => one.Target.Descriptor.Name == target) is not { } watched || !IsStale(watched)) return false;
        try
        {
            await Ask(watched).WaitAsync(limit).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>How long the last question to each target took that was answered: the round trip, and what the far side made of it.</summary>
    public IEnumerable<KeyValuePair<string, TimeSpan>> RoundTrips => _watched.Where(one => one.Took is not null).Select(one => KeyValuePair.Create(one.Target.Descriptor.Name, one.Took!.Value));

    /// <summary>An attempt told how the target is.</summary>
    public void Heard(string target)
    {
        if (Array.Find(_watched, one => one.Target.Descriptor.Name == target) is { } watched) watched.HeardAt = _time.GetTimestamp();
    }

    public void Dispose()
    {
        _disposed.Cancel();
        _disposed.Dispose();
    }

    private bool IsStale(Watched watched) =>
        watched.CanBeAsked && (watched.HeardAt is not { } at || _time.GetElapsedTime(at) >= FreshFor) && _network?.IsOutOfReach(watched.Target) != true;

    private Task Ask(Watched watched)
    {
        lock (watched)
        {
            if (watched.Question is { IsCompleted: false } asked) return asked;
            return IsStale(watched) ? watched.Question = AskAsync(watched) : Task.CompletedTask; // an answer may have come since somebody looked
        }
    }

    private async Task AskAsync(Watched watched)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding); // whoever looks does not wait for what a probe does first
        var began = _time.GetTimestamp();
        var answered = await Probing.AskAsync((INetworkTarget)watched.Target, _time, _disposed.Token).ConfigureAwait(false);
        watched.CanBeAsked = answered is not null;
        watched.HeardAt = _time.GetTimestamp();
        if (answered == true) watched.Took = _time.GetElapsedTime(began);
    }

    private sealed class Watched(ITarget target)
    {
        private long _heardAt = long.MinValue;

        public ITarget Target => target;

        public Task? Question { get; set; }

        public TimeSpan? Took { get; set; }

        public bool CanBeAsked { get; set; } = true;

        /// <summary>A timestamp; null: never.</summary>
        public long? HeardAt
        {
            get => Volatile.Read(ref _heardAt) is var at && at == long.MinValue ? null : at;
            set => Volatile.Write(ref _heardAt, value ?? long.MinValue);
        }
    }
}
