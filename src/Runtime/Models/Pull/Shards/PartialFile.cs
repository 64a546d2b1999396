using Hybrid.Storage;
using Microsoft.Win32.SafeHandles;

namespace Hybrid.Models.Pull.Shards;

/// <summary>A file that is being fetched: its bytes so far and the journal that says which shards of it count.</summary>
/// <remarks>Its length and its holes say nothing; only the journal does. Safe for several writers of different shards.</remarks>
internal sealed class PartialFile : IDisposable
{
    public const string JournalEnding = ".journal";
    private const long FlushEvery = 256 << 20;
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly ShardJournal _journal;
    private readonly SafeFileHandle _data;
    private readonly uint[] _checks;
    private readonly ShardState[] _states;
    private long _here;
    private long _unflushed;

    private PartialFile(string path, ShardMap map, SafeFileHandle data, ShardJournal journal, ShardState[] states, uint[] checks)
    {
        (Path, Map, _data, _journal, _states, _checks) = (path, map, data, journal, states, checks);
        for (var shard = 0; shard < map.Count; shard++)
            _here += states[shard] is ShardState.Missing ? 0 : map.LengthOf(shard);
    }

    public string Path { get; }

    public ShardMap Map { get; }

    /// <summary>Bytes of the shards that are here, those included that were here before and are not checked yet.</summary>
    public long Here => Volatile.Read(ref _here);

    /// <summary>Opens what is there of the same file, or begins anew.</summary>
    /// <param name="path">Where the bytes go; the journal is beside it.</param>
    /// <param name="size">Bytes of the whole.</param>
    /// <param name="place">What the journal must be for.</param>
    /// <param name="validator">Must be the same to go on; null: only <paramref name="trusted"/> allows it.</param>
    /// <param name="trusted">Whether the digest is known, so that bytes of another version could not be taken for these.</param>
    /// <param name="options">How a new one is cut.</param>
    /// <exception cref="HybridException">The disk has no room, or may not be written to.</exception>
    public static PartialFile Open(string path, long size, string place, string? validator, bool trusted, PullOptions options)
    {
        try
        {
            var map = ShardMap.For(size, options);
            return Resume(path, size, place, validator, trusted) ?? Begin(path, new(size, map.ShardSize, place, validator), options.Preallocate);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw DiskFaults.Of(failure, path, 0, size);
        }
    }

    /// <summary>The digest under which these bytes were stored by an earlier pull of the same version; null: they were not.</summary>
    public static string? StoredAs(string path, long size, string place, string? validator)
    {
        if (validator is null)
            return null;
        try
        {
            using var journal = ShardJournal.Open(path + JournalEnding, head => head.Size == size && head.Place == place && head.Validator == validator, out _, static (_, _) => { });
            return journal?.Stored;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public ShardState State(int shard)
    {
        lock (_lock) return _states[shard];
    }

    /// <summary>Writes bytes of a shard; one writer at a time, for the kernel lets no more into a file and the others would spin for it.</summary>
    public async ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            RandomAccess.Write(_data, bytes.Span, offset);
        }
        catch (IOException failure)
        {
            throw DiskFaults.Of(failure, Path, Here, Map.Size);
        }
        finally
        {
            _turn.Release();
        }
    }

    public int Read(long offset, Span<byte> buffer)
    {
        try
        {
            return RandomAccess.Read(_data, buffer, offset);
        }
        catch (IOException failure)
        {
            throw DiskFaults.Of(failure, Path, Here, Map.Size);
        }
    }

    /// <summary>A shard is here, with the check sum of what was written.</summary>
    public void Complete(int shard, uint check)
    {
        try
        {
            bool flush;
            lock (_lock)
            {
                _journal.Add(shard, check);
                (_states[shard], _checks[shard]) = (ShardState.Here, check);
                _here += Map.LengthOf(shard);
                _unflushed += Map.LengthOf(shard);
                flush = _unflushed >= FlushEvery;
                if (flush) _unflushed = 0;
            }

            if (flush) Flush();
        }
        catch (IOException failure)
        {
            throw DiskFaults.Of(failure, Path, Here, Map.Size);
        }
    }

    /// <summary>Says to peers that this device fetches a shard, or that it no longer does.</summary>
    public void Claim(int shard, bool taken)
    {
        try
        {
            lock (_lock) _journal.AddClaim(shard, taken);
        }
        catch (IOException failure)
        {
            throw DiskFaults.Of(failure, Path, Here, Map.Size);
        }
    }

    /// <summary>Whether a shard's bytes are those that were written; takes the place of <see cref="ShardState.Unchecked"/>.</summary>
    public bool Check(int shard, byte[] buffer)
    {
        var (crc, at, end) = (Crc32C.Start, Map.OffsetOf(shard), Map.OffsetOf(shard) + Map.LengthOf(shard));
        while (at < end && Read(at, buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - at))) is > 0 and var count)
        {
            crc = Crc32C.Append(crc, buffer.AsSpan(0, count));
            at += count;
        }

        lock (_lock)
        {
            var good = at == end && crc == _checks[shard];
            if (good)
                _states[shard] = ShardState.Here;
            else
                Lose(shard);
            return good;
        }
    }

    /// <summary>The check sums of all shards as they were written.</summary>
    public uint[] Checks()
    {
        lock (_lock) return [.. _checks];
    }

    /// <summary>Forgets every shard: what is here belongs to something else, or is wrong.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            _journal.Clear();
            for (var shard = 0; shard < _states.Length; shard++)
                Lose(shard);
        }
    }

    /// <summary>Makes what is here last through a power loss: bytes first, then what is said of them.</summary>
    public void Flush()
    {
        RandomAccess.FlushToDisk(_data);
        _journal.Flush();
    }

    /// <summary>Lets the bytes go into the store.</summary>
    /// <param name="sha256">Their digest.</param>
    /// <param name="remember">Whether the journal stays, so that a later pull of the same version finds out that it need not fetch.</param>
    /// <param name="admit">Takes the file away.</param>
    public void Store(string sha256, bool remember, Action admit)
    {
        _data.Dispose();
        admit();
        if (remember)
        {
            _journal.Clear();
            _journal.AddStored(sha256);
            _journal.Flush();
        }

        _journal.Dispose();
        if (!remember)
            File.Delete(Path + JournalEnding);
    }

    /// <summary>Removes all traces of it.</summary>
    public void Discard()
    {
        Dispose();
        // The journal first: bytes without one count for nothing.
        File.Delete(Path + JournalEnding);
        File.Delete(Path);
    }

    public void Dispose()
    {
        _turn.Dispose();
        _journal.Dispose();
        _data.Dispose();
    }

    private void Lose(int shard)
    {
        if (_states[shard] is not ShardState.Missing)
            _here -= Map.LengthOf(shard);
        _states[shard] = ShardState.Missing;
    }

    private static PartialFile? Resume(string path, long size, string place, string? validator, bool trusted)
    {
        if (!File.Exists(path) || (validator is null && !trusted))
            return null;
        Dictionary<int, uint> found = [];
        var journal = ShardJournal.Open(
            path + JournalEnding,
            head => head.Size == size && head.Place == place && (trusted || head.Validator == validator),
            out var head,
            (shard, check) => found[shard] = check);
        if (journal is null)
            return null;
        var map = head!.Map;
        var (states, checks) = (new ShardState[map.Count], new uint[map.Count]);
        foreach (var (shard, check) in found)
        {
            if (shard >= 0 && shard < map.Count)
                (states[shard], checks[shard]) = (ShardState.Unchecked, check);
        }

        return new(path, map, File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read), journal, states, checks);
    }

    private static PartialFile Begin(string path, ShardJournal.JournalHead head, bool preallocate)
    {
        File.Delete(path + JournalEnding);
        File.Delete(path);
        // Room is reserved beyond the end, so the length does not grow before bytes are there.
        var data = Create(path, preallocate ? head.Size : 0);
        try
        {
            return new(path, head.Map, data, ShardJournal.Create(path + JournalEnding, head), new ShardState[head.Map.Count], new uint[head.Map.Count]);
        }
        catch
        {
            data.Dispose();
            throw;
        }
    }

    private static SafeFileHandle Create(string path, long room)
    {
        try
        {
            return File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read, FileOptions.None, room);
        }
        catch (IOException failure) when (room > 0 && StorageFaults.IsUnnamed(failure))
        {
            throw StorageFaults.NoRoom(failure);
        }
    }
}

/// <summary>How it is with a shard.</summary>
internal enum ShardState : byte
{
    /// <summary>It has to be fetched.</summary>
    Missing,

    /// <summary>An earlier run wrote it; whether it is still whole is not known yet.</summary>
    Unchecked,

    /// <summary>It is here.</summary>
    Here,
}
