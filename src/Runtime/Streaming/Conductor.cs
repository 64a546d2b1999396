using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Hybrid.Accounting;
using Hybrid.Accounting.Budgets;
using Hybrid.Network;
using Hybrid.Policy;
using Hybrid.Targets;
using Microsoft.Extensions.Logging;

namespace Hybrid.Streaming;

/// <summary>What every request of a conductor uses.</summary>
/// <param name="Time">The clock.</param>
/// <param name="Logger">Where faults and moves are logged.</param>
/// <param name="Find">The target of a name in a decision.</param>
/// <param name="Look">All targets as they are now; null: they are not looked at in mid-stream.</param>
/// <param name="Energy">The machine's meter.</param>
/// <param name="Network">Whether the network is there; null: no target needs one.</param>
internal sealed record ConductorServices(
    TimeProvider Time, ILogger Logger, Func<string, ITarget> Find, Func<TargetSnapshot[]>? Look = null, MeasuredEnergy? Energy = null, NetworkState? Network = null)
{
    private readonly ConcurrentDictionary<string, bool> _startOver = new();

    /// <summary>Whether a target was seen to start over when it was asked to go on.</summary>
    public bool IsDistrusted(string target) => _startOver.ContainsKey(target);

    public void Distrust(string target) => _startOver.TryAdd(target, true);
}

/// <summary>Conducts decisions: one ordered stream, whoever speaks.</summary>
/// <remarks>
/// Targets deliver whole text only, so no seam can split a UTF-8 sequence or a stop string: what a failed target still
/// held back was never delivered, and the next one decodes it again (it counts as wasted). A failed target is not asked
/// again for the same request. The tokens left are counted in the failed target's vocabulary.
/// </remarks>
internal sealed class Conductor(ConductorServices services)
{
    /// <summary>Streams the answer; the last piece, and only it, has the receipt.</summary>
    /// <param name="request">The whole question.</param>
    /// <param name="decision">Who may answer, best first; at least one.</param>
    /// <param name="policy">Whose caps bind all attempts together.</param>
    /// <param name="settled">Called once, however the request ends.</param>
    /// <param name="budget">What the attempts must fit into; null: nothing is limited.</param>
    /// <param name="askedAt">The timestamp that times count from; null: now.</param>
    /// <param name="cancellationToken">The caller's.</param>
    public async IAsyncEnumerable<StreamPiece> RunAsync(
        DecodeRequest request,
        Decision decision,
        RoutingPolicy policy,
        Action<RequestReceipt> settled,
        RequestBudget? budget = null,
        long? askedAt = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var deadline = new CancellationTokenSource(TimeLeft(request), services.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        var run = new StreamRun(services, request, decision, policy, budget, askedAt, cancellationToken, deadline.Token, either.Token);
        using var wake = either.Token.UnsafeRegister(static run => ((StreamRun)run!).Wake(), run);
        try
        {
            while (true)
            {
                run.Step();
                if (run.TryTake(out var piece))
                {
                    yield return piece;
                    if (piece.Receipt is not null) yield break;
                    continue;
                }

                await run.WaitAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            await run.DisposeAsync().ConfigureAwait(false);
            settled(run.Receipt);
        }
    }

    private TimeSpan TimeLeft(DecodeRequest request)
    {
        if (request.Deadline is not { } at) return Timeout.InfiniteTimeSpan;
        var left = at - services.Time.GetUtcNow();
        var longest = TimeSpan.FromMilliseconds(uint.MaxValue - 1);
        return left <= TimeSpan.Zero ? TimeSpan.Zero : left < longest ? left : longest;
    }
}
