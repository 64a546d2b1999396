using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Security.Cryptography;

namespace Hybrid.Engines.LlamaCpp.State;

/// <summary>A saved KV cache on disk: header, checksums of the blocks, blocks. A damaged file is always refused.</summary>
/// <remarks>
/// llama.cpp's own state has no checksum, and nearly every flipped bit of it loads. Layout, little endian: magic (8 bytes),
/// header length (4), block count (4), payload length (8), SHA-256 of all that stands before the payload but itself (32), header,
/// a checksum for each block, payload.
/// </remarks>
internal sealed unsafe class SavedStateFile : IDisposable
{
    private const int Preamble = 24;
    private const int Front = Preamble + SHA256.HashSizeInBytes;
    private const int LargestHeader = 1 << 27;
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _payload;
    private readonly long _length;

    private SavedStateFile(string path, FileStream file)
    {
        _map = MemoryMappedFile.CreateFromFile(file, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        _view = _map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        try
        {
            (Header, var offset, _length) = Check(path, start, file.Length);
            _payload = start + offset;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public SavedStateHeader Header { get; }

    public ReadOnlySpan<byte> Payload => new(_payload, checked((int)_length));

    private static ReadOnlySpan<byte> Magic => "HYBKV01\n"u8;

    /// <summary>Writes beside the file and puts it in its place whole: after a power loss there is the old one, the new one or none, and never a part.</summary>
    public static void Write(string path, SavedStateHeader header, ReadOnlySpan<byte> payload)
    {
        var full = Path.GetFullPath(path);
        var temporary = $"{full}.{Environment.ProcessId}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                file.Write(FrontOf(header.ToBytes(), payload));
                file.Write(payload);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, full, overwrite: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            DeleteQuietly(temporary);
            throw new HybridException(HybridError.Storage, $"The state could not be saved to '{path}': {failure.Message} What stood there before is as it was.", failure);
        }
    }

    /// <summary>Opens a file, and refuses one that is damaged in any byte.</summary>
    public static SavedStateFile Open(string path)
    {
        try
        {
            var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            var length = file.Length;
            if (length >= Front)
                return new(path, file);
            file.Dispose();
            throw Damaged(path, $"it has {length} bytes");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new HybridException(HybridError.Storage, $"The saved state '{path}' could not be read: {failure.Message} Nothing was restored.", failure);
        }
    }

    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _map.Dispose();
    }

    private static byte[] FrontOf(byte[] header, ReadOnlySpan<byte> payload)
    {
        var blocks = Blocks(payload.Length);
        var front = new byte[Front + header.Length + (blocks * BlockChecksum.Size)];
        Magic.CopyTo(front);
        BinaryPrimitives.WriteInt32LittleEndian(front.AsSpan(8), header.Length);
        BinaryPrimitives.WriteInt32LittleEndian(front.AsSpan(12), blocks);
        BinaryPrimitives.WriteInt64LittleEndian(front.AsSpan(16), payload.Length);
        header.CopyTo(front.AsSpan(Front));
        for (var i = 0; i < blocks; i++)
            BlockChecksum.Of(Block(payload, i), i, front.AsSpan(Front + header.Length + (i * BlockChecksum.Size), BlockChecksum.Size));
        FrontHash(front, front.AsSpan(Preamble, SHA256.HashSizeInBytes));
        return front;
    }

    private static (SavedStateHeader Header, int Offset, long Length) Check(string path, byte* start, long length)
    {
        var preamble = new ReadOnlySpan<byte>(start, Preamble);
        if (!preamble.StartsWith(Magic))
            throw Damaged(path, "it does not begin like one");
        var headerLength = BinaryPrimitives.ReadInt32LittleEndian(preamble[8..]);
        var blocks = BinaryPrimitives.ReadInt32LittleEndian(preamble[12..]);
        var payloadLength = BinaryPrimitives.ReadInt64LittleEndian(preamble[16..]);
        if (headerLength is < 1 or > LargestHeader || payloadLength is < 1 or > int.MaxValue || blocks != Blocks(payloadLength)
            || Front + (long)headerLength + ((long)blocks * BlockChecksum.Size) + payloadLength != length)
            throw Damaged(path, "its lengths do not add up");
        var front = new byte[Front + headerLength + (blocks * BlockChecksum.Size)];
        new ReadOnlySpan<byte>(start, front.Length).CopyTo(front);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        FrontHash(front, hash);
        if (!hash.SequenceEqual(front.AsSpan(Preamble, hash.Length)))
            throw Damaged(path, "its header is not what was written");
        var damaged = 0;
        Parallel.For(0, blocks, i =>
        {
            Span<byte> checksum = stackalloc byte[BlockChecksum.Size];
            BlockChecksum.Of(Block(new(start + front.Length, (int)payloadLength), i), i, checksum);
            if (!checksum.SequenceEqual(front.AsSpan(Front + headerLength + (i * BlockChecksum.Size), BlockChecksum.Size)))
                Interlocked.Increment(ref damaged);
        });
        if (damaged > 0)
            throw Damaged(path, $"{damaged} of {blocks} blocks are not what was written");
        return SavedStateHeader.FromBytes(front[Front..(Front + headerLength)]) is { } header
            ? (header, front.Length, payloadLength)
            : throw Damaged(path, "its header makes no sense");
    }

    /// <summary>Of everything before the payload, with the hash's own place left out.</summary>
    private static void FrontHash(byte[] front, Span<byte> hash)
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        sha.AppendData(front.AsSpan(0, Preamble));
        sha.AppendData(front.AsSpan(Front));
        sha.GetHashAndReset(hash);
    }

    private static int Blocks(long length) => (int)((length + BlockChecksum.BlockSize - 1) / BlockChecksum.BlockSize);

    private static ReadOnlySpan<byte> Block(ReadOnlySpan<byte> payload, int number)
    {
        var from = number * BlockChecksum.BlockSize;
        return payload.Slice(from, Math.Min(BlockChecksum.BlockSize, payload.Length - from));
    }

    private static void DeleteQuietly(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The first failure is the one to tell.
        }
    }

    private static HybridException Damaged(string path, string how) =>
        new(HybridError.Storage, $"'{path}' is no saved state or a damaged one: {how}. Nothing was restored; the next request prefills its prompt. Delete the file.");
}
