using Hybrid.Models.Pull.Shards;
using Hybrid.Models.Store;
using Hybrid.Storage;
using Microsoft.Win32.SafeHandles;

namespace Hybrid.Models.Peers;

/// <summary>A file that a process of this device is still fetching, as peers may have it: what is here of it, and what is on its way.</summary>
internal sealed class PartialOffer : IDisposable
{
    private readonly SafeFileHandle _data;
    private readonly JournalView _journal;

    private PartialOffer(SafeFileHandle data, JournalView journal) => (_data, _journal) = (data, journal);

    /// <summary>Bytes of the whole.</summary>
    public long Size => _journal.Head.Size;

    public SafeFileHandle Data => _data;

    /// <returns>Null: nothing is here of it.</returns>
    public static PartialOffer? Open(ModelStore store, string sha256)
    {
        SafeFileHandle? data = null;
        try
        {
            var path = store.PartialPath(sha256);
            // Open, the bytes stay readable where the whole becomes a blob meanwhile.
            data = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
            if (ShardJournal.Look(path + PartialFile.JournalEnding) is { } journal && journal.Head.Place == sha256)
                return new(data, journal);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // It has just become a blob, or was given up.
        }

        data?.Dispose();
        return null;
    }

    /// <summary>Whether all bytes of a part are here and still what was written: after a power loss they may not be.</summary>
    public bool Has(long offset, long end)
    {
        byte[]? buffer = null;
        foreach (var shard in Shards(offset, end))
        {
            if (!_journal.Here.TryGetValue(shard, out var check) || Check(shard, buffer ??= GC.AllocateUninitializedArray<byte>(256 << 10)) != check) return false;
        }

        return true;
    }

    /// <summary>Whether a process of this device is getting some of a part of the file.</summary>
    public bool IsComing(long offset, long end) => Shards(offset, end).Any(_journal.Taken.Contains);

    public void Dispose() => _data.Dispose();

    private IEnumerable<int> Shards(long offset, long end)
    {
        var size = _journal.Head.ShardSize;
        for (var shard = (int)(offset / size); shard < _journal.Head.Map.Count && (long)shard * size < end; shard++) yield return shard;
    }

    private uint Check(int shard, byte[] buffer)
    {
        var (check, at, end) = (Crc32C.Start, _journal.Head.Map.OffsetOf(shard), _journal.Head.Map.OffsetOf(shard) + _journal.Head.Map.LengthOf(shard));
        while (at < end && RandomAccess.Read(_data, buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - at)), at) is > 0 and var count)
        {
            check = Crc32C.Append(check, buffer.AsSpan(0, count));
            at += count;
        }

        return check;
    }
}
