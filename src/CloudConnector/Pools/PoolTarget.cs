using System.Runtime.CompilerServices;
using Hybrid.CloudConnector.Pools.Balancing;
using Hybrid.CloudConnector.Pools.Board;
using Hybrid.CloudConnector.Pools.Health;
using Hybrid.CloudConnector.Pools.Retries;
using Hybrid.Configuration;
using Hybrid.Targets;
using Microsoft.Extensions.Logging;

namespace Hybrid.CloudConnector.Pools;

/// <summary>One target over replicas that carry the same model: who is asked, who is left out, and when another is asked instead.</summary>
/// <remarks>
/// Thread-safe; owns its replicas' targets. Until the first update of an answer another replica may be asked; from then on a fault
/// surfaces, and a conductor that is told of a replica (<see cref="IReplicatedTarget"/>) asks again with what was said.
/// </remarks>
internal sealed class PoolTarget : ITarget, INetworkTarget, IReplicatedTarget
{
    private readonly PoolParts _parts;
    private readonly TargetDescriptor _stated;
    private readonly CancellationTokenSource _disposed = new();
    private readonly BoardKeeper? _board;
    private TargetDescriptor? _descriptor;

    /// <summary>Makes the pool; does no I/O.</summary>
    /// <param name="options">Its rules; a name, a model, a zone.</param>
    /// <param name="targets">A target for each replica.</param>
    /// <param name="time">The clock.</param>
    /// <param name="draw">Even chance of 0 to below 1; thread-safe.</param>
    /// <param name="logger">Told of ejections and rollbacks.</param>
    public PoolTarget(PoolOptions options, IReadOnlyList<(ReplicaOptions Options, ITarget Target)> targets, TimeProvider time, Func<double> draw, ILogger logger)
    {
        _stated = options.Descriptor;
        var clock = new PoolClock(time);
        var replicas = new ReplicaSet(options, [.. targets.Select(one => new Replica(one.Target, one.Options, new(options.Health)))], clock, draw, logger);
        _parts = new(_stated.Name, options, clock, replicas, new(_stated.Name, replicas, options.Limits), new(options.Retries), new(options.Retries), new(replicas, clock, draw, _disposed.Token), draw);
        _board = options.BoardPath is { } board ? new(new(board), _parts, logger) : null;
        NeedsNetwork = replicas.All.Any(replica => replica.Target is INetworkTarget { NeedsNetwork: true });
    }

    /// <summary>As stated, with what all replicas can do and the shortest of their contexts.</summary>
    public TargetDescriptor Descriptor
    {
        get
        {
            if (_parts.Replicas.All is [var only]) return only.Target.Descriptor;
            var (can, context) = (~TargetCapabilities.None, int.MaxValue);
            foreach (var replica in _parts.Replicas.All)
            {
                var one = replica.Target.Descriptor;
                (can, context) = (can & one.Capabilities, Math.Min(context, one.ContextLength));
            }

            return _descriptor is { } known && (known.Capabilities, known.ContextLength) == (can, context)
                ? known
                : _descriptor = _stated with { Capabilities = can, ContextLength = context };
        }
    }

    /// <inheritdoc />
    public TargetState State
    {
        get
        {
            Look(); // who asks is about to decide
            lock (_parts.Replicas.Lock) return PoolState.Of(_parts.Replicas, _parts.Admission.Waiting, _parts.Clock);
        }
    }

    /// <summary>What it is made of; for tests.</summary>
    internal PoolParts Parts => _parts;

    /// <inheritdoc />
    public bool NeedsNetwork { get; }

    /// <summary>That of the replica with the fastest.</summary>
    public double? BytesPerSecond => _parts.Replicas.All.Max(replica => (replica.Target as INetworkTarget)?.BytesPerSecond);

    /// <inheritdoc />
    public bool CanTakeOver(IReadOnlyCollection<string> lost, bool isLastResort) => _parts.Replicas.HasAnotherThan(lost, isLastResort ? Opening.Patience : TimeSpan.Zero);

    /// <inheritdoc />
    public ValueTask<bool?> ProbeAsync(CancellationToken cancellationToken = default) => _parts.Prober.AskAllAsync(cancellationToken);

    /// <inheritdoc />
    /// <remarks>Wakes one replica, the next where that fails: the others wake when the load needs them.</remarks>
    public async ValueTask WarmAsync(CancellationToken cancellationToken = default)
    {
        var ask = new Ask(0, null);
        HybridException? first = null;
        for (var tries = 0; tries < _parts.Replicas.All.Count; tries++)
        {
            Replica? replica;
            HybridException? refusal;
            lock (_parts.Replicas.Lock) replica = _parts.Replicas.Pick(ask, out refusal);
            if (replica is null && refusal is not null) throw first ?? refusal;
            if (replica is null) return; // all are busy, so they are warm
            try
            {
                await replica.Target.WarmAsync(cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (HybridException fault)
            {
                first ??= fault;
                ask.Try(replica);
            }
        }

        throw first!;
    }

    /// <inheritdoc />
    public async IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        cancellationToken.ThrowIfCancellationRequested();
        var left = request.Deadline - _parts.Clock.Time.GetUtcNow();
        if (left <= TimeSpan.Zero)
            throw new HybridException(HybridError.DeadlineExceeded, $"The deadline passed before pool '{_parts.Name}' was asked. Nothing was sent.");
        if (!_stated.Zone.Admits(request.Privacy))
            throw new HybridException(HybridError.NoTargetAllowed, $"Pool '{_parts.Name}' is in zone '{_stated.Zone}', which may not see a request of class {request.Privacy}. Nothing was sent.");

        _parts.Budget.Request(_parts.Clock.Now);
        Look();
        using var call = new PoolCall(_parts, request, left, cancellationToken);
        var answer = await Opening.OpenAsync(call).ConfigureAwait(false);
        await using var closing = answer.ConfigureAwait(false);
        if (call.Trace is { } trace) trace.Began = true;
        bool more;
        do
        {
            yield return answer.Current;
            try
            {
                more = answer.Heard(await answer.MoveNextAsync().ConfigureAwait(false));
            }
            catch (Exception error)
            {
                throw answer.Fault(error);
            }
        }
        while (more);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        _board?.Dispose();
        await _disposed.CancelAsync().ConfigureAwait(false);
        foreach (var replica in _parts.Replicas.All) await replica.Target.DisposeAsync().ConfigureAwait(false);
        _disposed.Dispose();
    }

    private void Look()
    {
        _board?.Look();
        _parts.Prober.Look();
    }
}
