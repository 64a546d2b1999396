using Hybrid.Models.Pull.Sources;
using Hybrid.Models.Pull.Web;
using Hybrid.Storage;

namespace Hybrid.Models.Pull.Shards;

/// <summary>One connection's work: shards, one after the other, each until it is here.</summary>
internal sealed class ShardFetch(DownloadState state)
{
    private const int BufferBytes = 256 << 10;

    /// <summary>A connection that got so far before it broke is not one that fails for good.</summary>
    private const int GettingOn = 64 << 10;

    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(BufferBytes);

    /// <summary>Fetches what is missing of a shard; what came before a connection broke is not asked for again.</summary>
    /// <returns>False: another device is fetching it, and nothing of it came.</returns>
    public async Task<bool> FetchAsync(int shard, CancellationToken cancellationToken)
    {
        var piece = new Piece(state.Partial.Map.OffsetOf(shard), state.Partial.Map.LengthOf(shard));
        var retrying = state.Retrying();
        while (piece.Left > 0)
        {
            var before = piece.Left;
            try
            {
                using var guard = state.Guard(cancellationToken);
                await using var body = await state.File.OpenAsync(piece.At, piece.Left, guard);
                await CopyAsync(body, piece, guard, cancellationToken);
                await EndAsync(body, guard);
            }
            catch (PullFault fault) when (fault.Remedy is PullRemedy.Later && piece.Left == state.Partial.Map.LengthOf(shard))
            {
                return false;
            }
            catch (PullFault fault) when (fault.Remedy is PullRemedy.Again or PullRemedy.Later)
            {
                if (piece.Left == 0)
                    break; // It is here; what its connection said at the very end does not matter.
                if (before - piece.Left >= GettingOn)
                    retrying.GotOn();
                await retrying.WaitAsync(fault, cancellationToken);
            }
        }

        state.Partial.Complete(shard, piece.Check);
        return true;
    }

    /// <summary>Fetches all shards in one stream, from a server that serves no ranges.</summary>
    public async Task FetchAllAsync(Action<int> came, CancellationToken cancellationToken)
    {
        using var guard = state.Guard(cancellationToken);
        await using var body = await state.File.OpenWholeAsync(guard);
        for (var shard = 0; shard < state.Partial.Map.Count; shard++)
        {
            var piece = new Piece(state.Partial.Map.OffsetOf(shard), state.Partial.Map.LengthOf(shard));
            await CopyAsync(body, piece, guard, cancellationToken);
            state.Partial.Complete(shard, piece.Check);
            came(shard);
        }

        try
        {
            await EndAsync(body, guard);
        }
        catch (PullFault fault) when (fault.Remedy is PullRemedy.Again)
        {
            // All of it is here; what its connection says at the very end does not matter.
        }
    }

    private async Task CopyAsync(RemoteBody body, Piece piece, StallGuard guard, CancellationToken cancellationToken)
    {
        while (piece.Left > 0)
        {
            var most = (int)Math.Min(Math.Min(piece.Left, _buffer.Length), state.Limit.LargestTake);
            var count = await guard.WaitAsync(static (it, cancel) => it.Bytes.ReadAsync(it.Memory, cancel), (body.Bytes, Memory: _buffer.AsMemory(0, most)));
            if (count == 0)
                throw new PullFault(PullRemedy.Again, $"it ended {piece.Left} bytes early");
            await state.Partial.WriteAsync(piece.At, _buffer.AsMemory(0, count), cancellationToken);
            piece.Took(_buffer.AsSpan(0, count));
            state.Meter.Fetch(count);
            await state.Limit.TakeAsync(count, cancellationToken);
        }
    }

    /// <summary>There must be no more; reading to the end also lets the connection be used again.</summary>
    private async Task EndAsync(RemoteBody body, StallGuard guard)
    {
        var count = await guard.WaitAsync(static (it, cancel) => it.Bytes.ReadAsync(it.Memory, cancel), (body.Bytes, Memory: _buffer.AsMemory(0, 1)));
        if (count != 0)
            throw new PullFault(PullRemedy.AskAnew, "it sent more bytes than it has");
    }

    /// <summary>A part of the file that is being written, from its start on.</summary>
    private sealed class Piece(long offset, int length)
    {
        public long At { get; private set; } = offset;

        public int Left { get; private set; } = length;

        public uint Check { get; private set; } = Crc32C.Start;

        public void Took(ReadOnlySpan<byte> bytes)
        {
            Check = Crc32C.Append(Check, bytes);
            At += bytes.Length;
            Left -= bytes.Length;
        }
    }
}
