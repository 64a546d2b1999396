using Hybrid.Models.Pull;
using Hybrid.Models.Pull.Shards;
using Hybrid.Storage;

namespace Hybrid.Tests.Models.Pull;

/// <summary>What a kill, a power loss and a bad disk leave behind, and what is made of it.</summary>
public sealed class PartialFileTests : IDisposable
{
    private const int Shard = 64 << 10;
    private static readonly PullOptions Options = new() { ShardSize = Shard, Connections = 4, Hub = new() };
    private readonly string _folder = Directory.CreateTempSubdirectory("hybrid-partial").FullName;
    private readonly byte[] _bytes = HubRepository.Bytes((10 * Shard) + 5, 31);
    private readonly byte[] _buffer = new byte[10_000];

    private string FilePath => Path.Combine(_folder, "key");

    private string Journal => FilePath + ".journal";

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Shards_are_found_again_and_are_what_they_were()
    {
        using (var partial = Open())
        {
            await WriteAsync(partial, 0, 3, 10);
            Assert.Equal((2 * Shard) + 5, partial.Here);
        }

        using var again = Open();
        Assert.Equal([0, 3, 10], Found(again));
        Assert.All(new[] { 0, 3, 10 }, shard => Assert.True(again.Check(shard, _buffer)));
        Assert.Equal(ShardState.Here, again.State(3));
    }

    [Fact]
    public void Room_is_reserved_and_the_length_does_not_lie()
    {
        using var partial = Open();
        Assert.Equal(0, new FileInfo(FilePath).Length);
        Assert.Equal(0, partial.Here);
        Assert.Empty(Found(partial));
    }

    [Fact]
    public async Task A_journal_cut_at_any_byte_keeps_every_whole_record()
    {
        using (var partial = Open())
            await WriteAsync(partial, 0, 1, 2, 3);
        var journal = await File.ReadAllBytesAsync(Journal);
        var head = journal.Length - (4 * 48);
        for (var length = 0; length <= journal.Length; length++)
        {
            await File.WriteAllBytesAsync(Journal, journal[..length]);
            using var partial = Open();
            Assert.Equal(Enumerable.Range(0, length < head ? 0 : (length - head) / 48), Found(partial));
            if (length < head)
            {
                partial.Dispose();
                await File.WriteAllBytesAsync(FilePath, _bytes); // it began anew
            }
        }
    }

    [Fact]
    public async Task A_record_added_behind_a_torn_one_is_read()
    {
        using (var partial = Open())
            await WriteAsync(partial, 0, 1);
        await using (var journal = File.Open(Journal, FileMode.Append))
            journal.Write(new byte[17]);
        using (var partial = Open())
            await WriteAsync(partial, 2);
        using var again = Open();
        Assert.Equal([0, 1, 2], Found(again));
    }

    [Fact]
    public async Task A_flipped_bit_anywhere_in_the_journal_makes_nothing_up()
    {
        using (var partial = Open())
            await WriteAsync(partial, 0, 1, 2);
        var (journal, data) = (await File.ReadAllBytesAsync(Journal), await File.ReadAllBytesAsync(FilePath));
        for (var bit = 0; bit < journal.Length * 8; bit++)
        {
            var damaged = journal.ToArray();
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            await File.WriteAllBytesAsync(Journal, damaged);
            await File.WriteAllBytesAsync(FilePath, data);
            using var partial = Open();
            var found = Found(partial);
            Assert.True(found.Count is 0 or 2, $"Bit {bit}: {found.Count} shards.");
            Assert.All(found, shard => Assert.True(partial.Check(shard, _buffer)));
        }
    }

    [Fact]
    public async Task Bytes_that_a_power_loss_took_are_missing_again()
    {
        using (var partial = Open())
            await WriteAsync(partial, 0, 1, 2);
        // The journal got to the disk, a shard's bytes did not; another one's are zeros.
        await using (var data = File.OpenWrite(FilePath))
        {
            data.SetLength(2 * Shard);
            data.Position = Shard + 100;
            data.Write(new byte[4096]);
        }

        using var again = Open();
        Assert.Equal([true, false, false], new[] { 0, 1, 2 }.Select(shard => again.Check(shard, _buffer)));
        Assert.Equal(Shard, again.Here);
        Assert.Equal(ShardState.Missing, again.State(1));
    }

    [Fact]
    public async Task Another_version_or_another_file_begins_anew()
    {
        async Task PrepareAsync()
        {
            File.Delete(Journal);
            using var partial = Open();
            await WriteAsync(partial, 0, 1);
        }

        await PrepareAsync();
        using (var other = Open(validator: "v2")) Assert.Empty(Found(other));
        await PrepareAsync();
        using (var other = Open(size: _bytes.Length + 1)) Assert.Empty(Found(other));
        await PrepareAsync();
        using (var other = Open(place: "elsewhere")) Assert.Empty(Found(other));
        await PrepareAsync();
        using (var other = Open(validator: null)) Assert.Empty(Found(other)); // nothing tells whether it is the same
        await PrepareAsync();
        using (var same = Open(validator: "v2", trusted: true)) Assert.Equal([0, 1], Found(same)); // the digest tells
        await PrepareAsync();
        File.Delete(FilePath);
        using (var gone = Open()) Assert.Empty(Found(gone));
    }

    [Fact]
    public async Task What_was_stored_is_remembered_for_its_version()
    {
        using (var partial = Open())
        {
            await WriteAsync(partial, 0);
            partial.Store(HubRepository.Digest(_bytes), remember: true, () => File.Delete(FilePath));
        }

        Assert.Equal(HubRepository.Digest(_bytes), PartialFile.StoredAs(FilePath, _bytes.Length, "place", "v1"));
        Assert.Null(PartialFile.StoredAs(FilePath, _bytes.Length, "place", "v2"));
        Assert.Null(PartialFile.StoredAs(FilePath, _bytes.Length, "place", null));
    }

    [Fact]
    public void The_check_sum_is_castagnolis() =>
        Assert.Equal(0xE3069283, ~Crc32C.Append(Crc32C.Start, "123456789"u8));

    private PartialFile Open(long? size = null, string place = "place", string? validator = "v1", bool trusted = false) =>
        PartialFile.Open(FilePath, size ?? _bytes.Length, place, validator, trusted, Options);

    private static List<int> Found(PartialFile partial) => [.. Enumerable.Range(0, partial.Map.Count).Where(shard => partial.State(shard) is not ShardState.Missing)];

    private async Task WriteAsync(PartialFile partial, params int[] shards)
    {
        foreach (var shard in shards)
        {
            var bytes = _bytes.AsMemory((int)partial.Map.OffsetOf(shard), partial.Map.LengthOf(shard));
            await partial.WriteAsync(partial.Map.OffsetOf(shard), bytes, default);
            partial.Complete(shard, Crc32C.Append(Crc32C.Start, bytes.Span));
        }
    }
}
