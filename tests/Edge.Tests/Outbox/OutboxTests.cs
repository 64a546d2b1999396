using Hybrid.Edge.Mqtt;
using Hybrid.Edge.Outbox;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.Edge.Tests.Outbox;

public sealed class OutboxTests
{
    private static readonly OutboxOptions Small = new() { Path = "memory", Source = "d", MaxBytes = 64 << 10, MaxPayload = 16 << 10 };

    [Fact]
    public async Task What_is_stored_is_sent_with_an_id_and_what_is_left_of_its_time()
    {
        await using var place = new OutboxPlace();
        await place.Outbox.AppendAsync(new() { Topic = "t", Payload = "x"u8.ToArray(), ContentType = "text/plain", Retain = true, Expiry = TimeSpan.FromSeconds(100) }, TestContext.Current.CancellationToken);
        place.Time.Advance(TimeSpan.FromSeconds(40));
        await place.SendAsync();
        await OutboxPlace.Until(() => place.Outbox.Counters.Sent == 1);
        var sent = Assert.Single(place.Bus.Taken);
        Assert.Equal(("t", "text/plain", true, MqttQos.AtLeastOnce, TimeSpan.FromSeconds(60)), (sent.Topic, sent.ContentType, sent.Retain, sent.Qos, sent.Expiry));
        var (name, value) = Assert.Single(sent.UserProperties);
        Assert.Equal(RecordId.Property, name);
        Assert.True(RecordId.TryParse(value, out var id));
        Assert.Equal("d", id.Source);
        Assert.Equal(0, place.Outbox.Counters.Waiting);
    }

    [Fact]
    public async Task Without_a_connection_everything_waits_and_the_highest_class_goes_first_but_never_before_its_own_topic()
    {
        await using var place = new OutboxPlace(Small with { MaxInFlight = 1 });
        await place.AppendAsync("a", "1", OutboxClass.Low);
        await place.AppendAsync("b", "2");
        await place.AppendAsync("a", "3", OutboxClass.High);
        await place.AppendAsync("c", "4", OutboxClass.High);
        place.Client.Cut();
        Assert.Equal(4, place.Outbox.Counters.Waiting);
        await place.SendAsync();
        await OutboxPlace.Until(() => place.Outbox.Counters.Sent == 4);
        Assert.Equal(["4", "2", "1", "3"], place.Taken);
    }

    [Fact]
    public async Task Callers_that_come_together_share_a_flush()
    {
        await using var place = new OutboxPlace();
        Task[] storing;
        lock (place.Disk.Gate) storing = [.. Enumerable.Range(0, 100).Select(i => place.AppendAsync("t", $"{i}"))];
        await Task.WhenAll(storing);
        Assert.InRange(place.Disk.Steps.Count(step => step.Kind is RecordingDisk.StepKind.Flush), 1, 3);
        await place.SendAsync();
        await OutboxPlace.Until(() => place.Outbox.Counters.Sent == 100);
        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"{i}"), place.Taken);
    }

    [Fact]
    public async Task What_the_broker_refuses_is_tried_again_and_its_topic_waits_in_order_while_others_go_on()
    {
        await using var place = new OutboxPlace();
        var refusing = new Refusing(place.Client, "a");
        await place.AppendAsync("a", "1");
        await place.AppendAsync("a", "2");
        await place.AppendAsync("b", "3");
        await place.SendAsync(refusing);
        await OutboxPlace.Until(() => place.Outbox.Counters is { Sent: 1, BrokerRefusals: >= 2 });
        refusing.Refuses = false;
        await OutboxPlace.Until(() =>
        {
            if (place.Outbox.Counters.Sent == 3) return true;
            place.Time.Advance(TimeSpan.FromSeconds(1)); // again and again: it may not be waiting for the clock yet
            return false;
        });
        Assert.Equal(["3", "1", "2"], place.Taken);
    }

    [Fact]
    public async Task What_is_too_old_is_dropped_and_counted()
    {
        await using var place = new OutboxPlace(Small with { MaxAge = TimeSpan.FromHours(1) });
        await place.AppendAsync("t", "short", expiry: TimeSpan.FromMinutes(1));
        await place.AppendAsync("t", "long");
        place.Time.Advance(TimeSpan.FromMinutes(2));
        await place.AppendAsync("t", "new");
        await place.SendAsync();
        await OutboxPlace.Until(() => place.Outbox.Counters.Sent == 2);
        Assert.Equal((1, 0), (place.Outbox.Counters.Expired, place.Outbox.Counters.Waiting));
        Assert.Equal(["long", "new"], place.Taken);
        await place.StopAsync();
        await place.AppendAsync("t", "left");
        place.Time.Advance(TimeSpan.FromHours(2));
        var again = new DeviceOutbox(new RecordingDisk(place.Disk.Files), place.Options, place.Time, NullLogger.Instance);
        using var ends = new CancellationTokenSource();
        var sending = again.SendAsync(place.Client, ends.Token);
        await OutboxPlace.Until(() => again.Counters.Expired == 1);
        await ends.CancelAsync();
        await sending;
        Assert.Equal(["long", "new"], place.Taken);
    }

    [Fact]
    public async Task A_full_outbox_drops_the_lowest_class_then_the_oldest_and_counts_each()
    {
        await using var place = new OutboxPlace(Small);
        var text = new string('x', 12_000);
        await place.AppendAsync("t", "normal 1" + text);
        await place.AppendAsync("t", "low 1" + text, OutboxClass.Low);
        await place.AppendAsync("t", "low 2" + text, OutboxClass.Low);
        await place.AppendAsync("t", "normal 2" + text);
        await place.AppendAsync("t", "high" + text, OutboxClass.High);
        await place.AppendAsync("t", "normal 3" + text); // in the place of low 1
        await place.AppendAsync("t", "normal 4" + text); // in the place of low 2
        await place.AppendAsync("t", "normal 5" + text); // in the place of normal 1
        var refusal = await Assert.ThrowsAsync<HybridException>(() => place.AppendAsync("t", "low 3" + text, OutboxClass.Low));
        Assert.Equal(HybridError.Storage, refusal.Error);
        Assert.StartsWith("The outbox is full: 5 records (", refusal.Message, StringComparison.Ordinal);
        Assert.Equal((5, 3, 1, 8), (place.Outbox.Counters.Waiting, place.Outbox.Counters.DroppedForRoom, place.Outbox.Counters.Refused, place.Outbox.Counters.Stored));
        await place.SendAsync();
        await OutboxPlace.Until(() => place.Outbox.Counters.Sent == 5);
        Assert.Equal(["normal 2", "high", "normal 3", "normal 4", "normal 5"], place.Taken.Select(one => one.TrimEnd('x')));
    }

    [Fact]
    public async Task What_is_too_old_goes_before_what_is_not()
    {
        await using var place = new OutboxPlace(Small);
        var text = new string('x', 12_000);
        for (var i = 0; i < 4; i++) await place.AppendAsync("t", $"low {i}" + text, OutboxClass.Low);
        await place.AppendAsync("t", "high" + text, OutboxClass.High, TimeSpan.FromMinutes(1));
        place.Time.Advance(TimeSpan.FromMinutes(2));
        await place.AppendAsync("t", "low 4" + text, OutboxClass.Low);
        Assert.Equal((5, 1, 0), (place.Outbox.Counters.Waiting, place.Outbox.Counters.Expired, place.Outbox.Counters.DroppedForRoom));
    }

    [Fact]
    public async Task An_outbox_that_refuses_when_full_keeps_what_waits()
    {
        await using var place = new OutboxPlace(Small with { WhenFull = OutboxWhenFull.Refuse });
        for (var i = 0; i < 5; i++) await place.AppendAsync("t", $"{i}" + new string('x', 12_000), OutboxClass.Low);
        await Assert.ThrowsAsync<HybridException>(() => place.AppendAsync("t", new string('x', 12_000), OutboxClass.High));
        Assert.Equal((5, 0, 1), (place.Outbox.Counters.Waiting, place.Outbox.Counters.DroppedForRoom, place.Outbox.Counters.Refused));
    }

    [Fact]
    public async Task The_disk_holds_at_most_about_twice_what_waits_however_it_is_scattered()
    {
        await using var place = new OutboxPlace(Small);
        var refusing = new Refusing(place.Client, "keep");
        await place.SendAsync(refusing);
        for (var i = 0; i < 1000; i++)
        {
            if (i % 50 == 0) await place.AppendAsync("keep", $"{i}", OutboxClass.High);
            await place.AppendAsync("go", new string('x', 500));
        }

        await OutboxPlace.Until(() => place.Outbox.Counters.Waiting == 20);
        await place.StopAsync();
        Assert.True(place.Outbox.Counters.DiskBytes <= (2 * place.Outbox.Counters.WaitingBytes) + (2 * Small.SegmentBytes), $"{place.Outbox.Counters}");
        var again = new OutboxPlace(Small, new(place.Disk.Files));
        await again.SendAsync();
        await OutboxPlace.Until(() => again.Outbox.Counters.Sent == 20);
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"{i * 50}"), again.Taken);
        await again.DisposeAsync();
        Assert.InRange(again.Disk.Files.Count, 1, 3);
    }

    [Theory]
    [InlineData(28, "The disk is full")]
    [InlineData(5, "Check the folder and the disk")]
    public async Task A_disk_that_fails_is_told_to_the_caller_and_used_again_when_it_is_well(int errno, string words)
    {
        foreach (var kind in new[] { RecordingDisk.StepKind.Create, RecordingDisk.StepKind.FlushFolder, RecordingDisk.StepKind.Append, RecordingDisk.StepKind.Flush })
        {
            await using var place = new OutboxPlace();
            if (kind is RecordingDisk.StepKind.Append or RecordingDisk.StepKind.Flush) await place.AppendAsync("t", "before");
            place.Disk.Fault = step => step == kind || step is RecordingDisk.StepKind.Cut ? new IOException("No.", errno) : null;
            var error = await Assert.ThrowsAsync<HybridException>(() => place.AppendAsync("t", "lost"));
            Assert.Equal(HybridError.Storage, error.Error);
            Assert.Contains(words, error.Message, StringComparison.Ordinal);
            Assert.Contains("It was not stored; what was stored before is unchanged.", error.Message, StringComparison.Ordinal);
            place.Disk.Fault = _ => null;
            await place.AppendAsync("t", "after");
            Assert.Equal((1, 0), (place.Outbox.Counters.Refused, place.Outbox.Counters.DroppedForRoom));
            await place.SendAsync();
            await OutboxPlace.Until(() => place.Outbox.Counters.Waiting == 0);
            Assert.Equal(kind is RecordingDisk.StepKind.Append or RecordingDisk.StepKind.Flush ? ["before", "after"] : ["after"], place.Taken);
        }
    }

    [Fact]
    public async Task Marks_that_cannot_be_written_are_written_later()
    {
        await using var place = new OutboxPlace();
        await place.AppendAsync("t", "1");
        place.Disk.Fault = step => step is RecordingDisk.StepKind.Create ? new IOException("No.", 28) : null;
        await place.SendAsync();
        await OutboxPlace.Until(() => place.Outbox.Counters.Sent == 1);
        await place.StopAsync();
        Assert.Equal(1, new DeviceOutbox(new RecordingDisk(place.Disk.Files), place.Options, place.Time, NullLogger.Instance).Counters.Recovered);
        place.Disk.Fault = _ => null;
        await place.Outbox.DisposeAsync();
        Assert.Equal(0, new DeviceOutbox(new RecordingDisk(place.Disk.Files), place.Options, place.Time, NullLogger.Instance).Counters.Recovered);
    }

    [Theory]
    [InlineData("", 1, "its topic must have 1 to 1024 bytes")]
    [InlineData("a/+", 1, "its topic must not hold +, # or NUL")]
    [InlineData("a", 20_000, "its payload has 20000 bytes and may have 16384")]
    public async Task What_cannot_be_sent_is_refused_at_once(string topic, int length, string words)
    {
        await using var place = new OutboxPlace(Small);
        var error = await Assert.ThrowsAsync<HybridException>(() => place.Outbox.AppendAsync(new() { Topic = topic, Payload = new byte[length] }, TestContext.Current.CancellationToken));
        Assert.Equal(HybridError.InvalidRequest, error.Error);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_is_sent_once_at_a_time()
    {
        await using var place = new OutboxPlace();
        await place.SendAsync();
        Assert.Equal(HybridError.InvalidRequest, (await Assert.ThrowsAsync<HybridException>(() => place.Outbox.SendAsync(place.Client, CancellationToken.None))).Error);
    }

    [Fact]
    public async Task A_closed_outbox_stores_nothing()
    {
        var place = new OutboxPlace();
        await place.DisposeAsync();
        Assert.Equal(HybridError.Storage, (await Assert.ThrowsAsync<HybridException>(() => place.Outbox.AppendAsync(OutboxPlace.Message("t", "x"), TestContext.Current.CancellationToken))).Error);
    }

    [Theory]
    [InlineData(1000, 1, 1, "d")]
    [InlineData(1 << 20, 0, 1, "d")]
    [InlineData(1 << 20, 1, 0, "d")]
    [InlineData(1 << 20, 1, 1, "a:b")]
    public void Options_out_of_range_are_refused(long bytes, int hours, int inFlight, string source) =>
        Assert.Equal(HybridError.Configuration, Assert.Throws<HybridException>(() => DeviceOutbox.Open(new() { Path = "no", Source = source, MaxBytes = bytes, MaxAge = TimeSpan.FromHours(hours), MaxInFlight = inFlight })).Error);
}
