using System.Buffers.Binary;
using Hybrid.Engines.LlamaCpp.State;

namespace Hybrid.Tests.Engines.LlamaCpp.State;

public sealed class SavedStateFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hybrid").FullName;
    private readonly SavedStateHeader _header = new(new string('a', 64), "0.5.0", "f16", [1, 2, 3, 2047]);

    private string File => Path.Combine(_folder, "state.kv");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(31)]
    [InlineData(BlockChecksum.BlockSize)]
    [InlineData((2 * BlockChecksum.BlockSize) + 77)]
    public void What_was_written_comes_back(int length)
    {
        var payload = Payload(length);
        SavedStateFile.Write(File, _header, payload);
        SavedStateFile.Write(File, _header, payload); // over the old one
        using var file = SavedStateFile.Open(File);
        Assert.True(file.Payload.SequenceEqual(payload));
        Assert.Equal(_header.Tokens, file.Header.Tokens);
        Assert.Equal(_header with { Tokens = file.Header.Tokens }, file.Header);
        Assert.Single(Directory.GetFiles(_folder));
    }

    [Fact]
    public void Any_flipped_bit_is_refused()
    {
        SavedStateFile.Write(File, _header, Payload((2 * BlockChecksum.BlockSize) + 77));
        var good = System.IO.File.ReadAllBytes(File);
        var random = new Random(7);
        for (var i = 0; i < 300; i++)
        {
            var bad = (byte[])good.Clone();
            bad[i < 200 ? i : random.Next(bad.Length)] ^= (byte)(1 << random.Next(8));
            Refused(bad);
        }
    }

    [Fact]
    public void A_cut_a_zero_filled_tail_and_swapped_blocks_are_refused()
    {
        SavedStateFile.Write(File, _header, Payload(3 * BlockChecksum.BlockSize));
        var good = System.IO.File.ReadAllBytes(File);
        foreach (var length in (int[])[0, 1, 55, 56, 57, 200, good.Length / 2, good.Length - 1])
            Refused(good[..length]);
        Refused([.. good, 0]);
        var zeroed = (byte[])good.Clone();
        zeroed.AsSpan(^4096).Clear();
        Refused(zeroed);
        var swapped = (byte[])good.Clone();
        var payload = swapped.AsSpan(^(3 * BlockChecksum.BlockSize));
        var first = payload[..BlockChecksum.BlockSize].ToArray();
        payload.Slice(BlockChecksum.BlockSize, BlockChecksum.BlockSize).CopyTo(payload);
        first.CopyTo(payload[BlockChecksum.BlockSize..]);
        Refused(swapped);
    }

    [Theory]
    [InlineData(8, int.MaxValue)]
    [InlineData(8, -1)]
    [InlineData(12, int.MaxValue)]
    [InlineData(12, -1)]
    [InlineData(20, int.MaxValue)]
    [InlineData(20, -1)]
    public void Lengths_that_lie_are_refused_before_anything_is_taken_for_them(int at, int value)
    {
        SavedStateFile.Write(File, _header, Payload(100));
        var bytes = System.IO.File.ReadAllBytes(File);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at), value);
        Refused(bytes);
    }

    [Fact]
    public void A_missing_file_and_a_folder_that_is_not_there_are_told_in_words()
    {
        Assert.Equal(HybridError.Storage, Assert.Throws<HybridException>(() => SavedStateFile.Open(File)).Error);
        Assert.Equal(HybridError.Storage, Assert.Throws<HybridException>(() => SavedStateFile.Write(Path.Combine(_folder, "none", "x"), _header, Payload(3))).Error);
    }

    private void Refused(byte[] bytes)
    {
        System.IO.File.WriteAllBytes(File, bytes);
        Assert.Equal(HybridError.Storage, Assert.Throws<HybridException>(() => SavedStateFile.Open(File).Dispose()).Error);
    }

    private static byte[] Payload(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }
}
