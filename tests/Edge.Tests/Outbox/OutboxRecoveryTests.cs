using System.Text;
using Hybrid.Edge.Outbox;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.Edge.Tests.Outbox;

/// <summary>Folders that a bad disk, a person or a crash changed.</summary>
public sealed class OutboxRecoveryTests
{
    private static async Task<Dictionary<string, byte[]>> FilesAsync(int records = 10)
    {
        await using var place = new OutboxPlace();
        for (var i = 0; i < records; i++) await place.AppendAsync("t", $"record {i}");
        return place.Disk.Files.ToDictionary(pair => pair.Key, pair => pair.Value);
    }

    private static async Task<(string[] Texts, OutboxCounters Counters)> ReadAsync(Dictionary<string, byte[]> files)
    {
        await using var place = new OutboxPlace(disk: new(files));
        var counters = place.Outbox.Counters;
        await place.SendAsync();
        await OutboxPlace.Until(() => place.Outbox.Counters.Waiting == 0);
        return (place.Taken, counters);
    }

    [Fact]
    public async Task A_bit_that_flips_anywhere_costs_one_record_at_most_and_is_reported()
    {
        var files = await FilesAsync();
        var (name, bytes) = Assert.Single(files, file => file.Key.EndsWith(".log", StringComparison.Ordinal));
        for (var at = 0; at < bytes.Length; at++)
        {
            var flipped = bytes.ToArray();
            flipped[at] ^= (byte)(1 << (at % 8));
            var store = new OutboxStore(new RecordingDisk(new Dictionary<string, byte[]> { [name] = flipped }), new() { Path = "memory", Source = "d" }, new Hybrid.Tests.ManualTimeProvider(), NullLogger.Instance);
            Assert.Equal((9, 1), (store.Counters.Waiting, store.Counters.Damaged));
            var wakeAt = long.MaxValue;
            var texts = store.Take(100, ref wakeAt).Select(one => Encoding.UTF8.GetString(one.Record.Message.Payload.Span)).ToArray();
            Assert.Equal(Enumerable.Range(0, 10).Select(i => $"record {i}").Where(texts.Contains), texts);
        }
    }

    [Fact]
    public async Task A_copy_of_a_record_inside_a_payload_is_never_taken_for_a_record()
    {
        var inner = Assert.Single(await FilesAsync(1), file => file.Key.EndsWith(".log", StringComparison.Ordinal)).Value;
        await using var place = new OutboxPlace();
        await place.Outbox.AppendAsync(new() { Topic = "t", Payload = inner }, TestContext.Current.CancellationToken);
        await place.AppendAsync("t", "next");
        var files = place.Disk.Files.ToDictionary(pair => pair.Key, pair => pair.Value);
        files.Single().Value[4] ^= 1; // its length, so that all inside it is looked at
        Assert.Equal(["next"], (await ReadAsync(files)).Texts);
    }

    [Fact]
    public async Task A_segment_that_is_missing_costs_its_own_records_alone_and_one_that_is_there_twice_none()
    {
        var (first, second) = (await FilesAsync(5), new Dictionary<string, byte[]>());
        await using (var place = new OutboxPlace(disk: new(first)))
        {
            place.Time.Advance(TimeSpan.FromMinutes(1));
            for (var i = 5; i < 10; i++) await place.AppendAsync("t", $"record {i}");
            second = place.Disk.Files.ToDictionary(pair => pair.Key, pair => pair.Value);
        }

        Assert.Equal(2, second.Count);
        Assert.Equal(10, (await ReadAsync(second)).Texts.Length);
        var copied = new Dictionary<string, byte[]>(second) { ["7fffffff00000000.log"] = second.Values.First(), ["notes.txt"] = [1], ["x.log"] = [2] };
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"record {i}"), (await ReadAsync(copied)).Texts);
        foreach (var gone in second.Keys)
            Assert.Equal(5, (await ReadAsync(second.Where(file => file.Key != gone).ToDictionary())).Texts.Length);
    }

    [Fact]
    public async Task A_record_that_rots_while_it_waits_is_passed_over_and_counted()
    {
        await using var place = new OutboxPlace();
        for (var i = 0; i < 3; i++) await place.AppendAsync("t", $"record {i}");
        var rotten = new RecordingDisk(place.Disk.Files);
        var outbox = new OutboxStore(rotten, place.Options, place.Time, NullLogger.Instance);
        rotten.Rot(place.Disk.Files.Single().Key, place.Disk.Files.Single().Value.Length - 1);
        var wakeAt = long.MaxValue;
        Assert.Equal(2, outbox.Take(100, ref wakeAt).Count);
        Assert.Equal((1, 2), (outbox.Counters.Damaged, outbox.Counters.Waiting));
    }

    [Fact]
    public async Task No_number_is_given_out_twice_whatever_is_lost()
    {
        HashSet<RecordId> seen = [];
        var files = new Dictionary<string, byte[]>();
        for (var round = 0; round < 6; round++)
        {
            await using var place = new OutboxPlace(disk: new(files)); // the clock begins anew each time
            await place.SendAsync();
            for (var i = 0; i < 5; i++) await place.AppendAsync("t", $"{round} {i}");
            await OutboxPlace.Until(() => place.Outbox.Counters.Waiting == 0);
            foreach (var message in place.Bus.TakenNow)
            {
                Assert.True(RecordId.TryParse(message.UserProperties[0].Value, out var id));
                if (Encoding.UTF8.GetString(message.Payload.Span).StartsWith($"{round} ", StringComparison.Ordinal)) Assert.True(seen.Add(id), $"round {round}: {id}");
            }

            await place.StopAsync();
            files = place.Disk.Files.ToDictionary(pair => pair.Key, pair => pair.Value);
            // The marks are gone, and the last records are torn.
            foreach (var mark in files.Keys.Where(name => name.EndsWith(".mark", StringComparison.Ordinal)).ToArray()) files.Remove(mark);
            var last = files.Keys.Max(StringComparer.Ordinal)!;
            files[last] = files[last][..^Math.Min(files[last].Length, 20)].Concat(new byte[20]).ToArray();
        }
    }
}
