using Hybrid.CloudConnector.Pools.Board;

namespace Hybrid.Cli.Pools;

/// <summary>Takes replicas out of the pools of every process on this machine, and waits until their requests have ended.</summary>
internal sealed class PoolDrain(PoolBoard board, TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>Puts the name on the board and waits.</summary>
    /// <param name="name">A pool, or <c>POOL/REPLICA</c>.</param>
    /// <param name="places">What that is.</param>
    /// <param name="longest">How long requests are waited for.</param>
    /// <param name="cancellationToken">Ends the wait; what is drained stays so.</param>
    /// <returns>Requests that still run.</returns>
    public async Task<int> RunAsync(string name, IReadOnlyList<PoolPlace> places, TimeSpan longest, CancellationToken cancellationToken)
    {
        board.Drain(name, undo: false);
        var began = time.GetTimestamp();
        while (true)
        {
            await Task.Delay(Pause, time, cancellationToken);
            var waited = time.GetElapsedTime(began);
            var running = places.SelectMany(place => SeenPlace.Of(board.Read(), place)).Sum(seen => seen.Replica.Running);
            // Before that a request may have begun that is not on the board yet.
            if ((running == 0 && waited >= BoardKeeper.KnownAfter) || waited >= longest)
                return running;
        }
    }
}
