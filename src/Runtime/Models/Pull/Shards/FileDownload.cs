using System.Threading.Channels;

namespace Hybrid.Models.Pull.Shards;

/// <summary>Fetches one file into its partial file over several connections, and knows its digest when the last byte is here.</summary>
internal sealed class FileDownload(DownloadState state)
{
    /// <summary>How often a file is fetched whose digest is not the announced one.</summary>
    private const int MostTries = 2;

    /// <summary>How long a connection waits that finds only shards which other devices are fetching.</summary>
    private static readonly TimeSpan OthersTurn = TimeSpan.FromSeconds(0.5);

    private bool _oneStream;

    /// <returns>The digest of what is here; where one was announced, that one.</returns>
    /// <exception cref="PullFault">The file has changed at its source; what was here of it is gone.</exception>
    /// <exception cref="HybridException">It failed too often, is not what was announced, or the disk does not take it.</exception>
    public async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        var retrying = state.Retrying();
        uint[]? before = null;
        var (tries, damaged) = (0, 0);
        while (true)
        {
            try
            {
                var digest = await RoundAsync(cancellationToken);
                if (state.File.Sha256 is not { } announced || digest == announced)
                    return digest;
                if (LoseDamaged() is > 0 and var lost)
                {
                    // Damaged on this machine: only those shards come again.
                    if (++damaged == MostTries)
                        throw new HybridException(HybridError.Storage, $"'{state.Partial.Path}': {lost} shards are not what was written to them, again. The rest is kept. Check the disk and the memory of this machine.");
                    continue;
                }

                var checks = state.Partial.Checks();
                state.Partial.Forget();
                if (++tries == MostTries)
                    throw WrongDigest(announced, digest, before, checks);
                before = checks;
                state.Meter.Stage(PullStage.Retrying, "its digest is not the announced one; all of it comes again");
            }
            catch (PullFault fault) when (fault.Remedy is PullRemedy.OneStream && !_oneStream)
            {
                state.Partial.Forget();
                _oneStream = true;
                state.Meter.Stage(PullStage.Retrying, fault.Message + "; all of it comes in one stream");
            }
            catch (PullFault fault) when (fault.Remedy is PullRemedy.Again)
            {
                // Only of one stream: a range that breaks is mended where it is fetched.
                state.Partial.Forget();
                await retrying.WaitAsync(fault, cancellationToken);
            }
        }
    }

    private async Task<string> RoundAsync(CancellationToken cancellationToken)
    {
        var (partial, count) = (state.Partial, state.Partial.Map.Count);
        state.Meter.Has(partial.Here);
        var shards = Channel.CreateUnbounded<int>();
        var missing = count;
        void Known(int shard)
        {
            if (Interlocked.Decrement(ref missing) != 0)
                return;
            shards.Writer.TryComplete();
            state.Meter.Stage(PullStage.Verifying);
        }

        var digest = new PrefixDigest(partial, shard =>
        {
            state.Meter.Lost(partial.Map.LengthOf(shard));
            shards.Writer.TryWrite(shard);
        });
        void Came(int shard)
        {
            Known(shard);
            digest.Came();
        }

        var connections = 0;
        var first = state.File.IsShared ? (int)(state.Draw() * count) : 0;
        for (var i = 0; i < count; i++)
        {
            var shard = (first + i) % count;
            switch (partial.State(shard))
            {
                case ShardState.Missing when !_oneStream:
                    shards.Writer.TryWrite(shard);
                    break;
                case ShardState.Here:
                    Known(shard);
                    break;
            }

            connections += partial.State(shard) is ShardState.Here ? 0 : 1;
        }

        connections = _oneStream ? 1 : Math.Min(connections, Math.Min(state.Options.Connections, state.File.MostConnections));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var hashing = Task.Run(() => digest.RunAsync(Known, stop.Token), stop.Token);
        List<Task> work = [hashing];
        for (var i = 0; i < connections; i++)
            work.Add(Task.Run(() => FetchAsync(shards, Came, stop.Token), stop.Token));
        await TogetherAsync(work, stop, cancellationToken);
        return await hashing;
    }

    private async Task FetchAsync(Channel<int> shards, Action<int> came, CancellationToken cancellationToken)
    {
        var fetch = new ShardFetch(state);
        if (_oneStream)
        {
            await fetch.FetchAllAsync(came, cancellationToken);
            return;
        }

        var passedOver = 0;
        await foreach (var shard in shards.Reader.ReadAllAsync(cancellationToken))
        {
            if (await fetch.FetchAsync(shard, cancellationToken))
            {
                came(shard);
                passedOver = 0;
                continue;
            }

            // At the end of the queue it comes again; when all of them were looked at, others have their turn.
            shards.Writer.TryWrite(shard);
            if (passedOver++ < shards.Reader.Count) continue;
            passedOver = 0;
            await Task.Delay(OthersTurn * (0.5 + state.Draw()), state.Options.TimeProvider, cancellationToken);
        }
    }

    /// <summary>Awaits all; the first failure stops the others and is thrown.</summary>
    private static async Task TogetherAsync(List<Task> work, CancellationTokenSource stop, CancellationToken cancellationToken)
    {
        var failed = (Task?)null;
        var running = new List<Task>(work);
        while (running.Count > 0)
        {
            var ended = await Task.WhenAny(running);
            running.Remove(ended);
            _ = ended.Exception; // seen: those that follow the first only say that they were stopped
            if (ended.IsCompletedSuccessfully || failed is not null)
                continue;
            failed = ended;
            await stop.CancelAsync();
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (failed is not null)
            await failed;
    }

    /// <summary>Finds the shards that are no longer what was written.</summary>
    private int LoseDamaged()
    {
        var buffer = GC.AllocateUninitializedArray<byte>(256 << 10);
        var lost = 0;
        for (var shard = 0; shard < state.Partial.Map.Count; shard++)
        {
            if (!state.Partial.Check(shard, buffer))
                lost++;
        }

        return lost;
    }

    private HybridException WrongDigest(string announced, string digest, uint[]? before, uint[] now)
    {
        var same = before is null || before.AsSpan().SequenceEqual(now);
        var differing = same ? 0 : before!.Zip(now).Count(pair => pair.First != pair.Second);
        var why = same
            ? "The same bytes came every time, so the file at its source is not the announced one. Report it there, or pull another revision."
            : $"{differing} of {now.Length} shards differed between two tries, so something on the line damages what comes through. Pull over another one.";
        return new(HybridError.ModelFile, $"'{state.File.Place}' was fetched {MostTries} times and is not what was announced: its SHA-256 is {digest} and should be {announced}. Nothing was kept. {why}");
    }
}
