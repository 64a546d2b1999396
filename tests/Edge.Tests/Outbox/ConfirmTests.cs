using System.Text;
using Hybrid.Edge.Mqtt;
using Hybrid.Edge.Outbox;
using Hybrid.Edge.Tests.Mqtt;

namespace Hybrid.Edge.Tests.Outbox;

/// <summary>Records that are held until their receiver says that it has them.</summary>
public sealed class ConfirmTests : IAsyncDisposable
{
    private static readonly OutboxOptions Confirmed = new() { Path = "memory", Source = "d", MaxBytes = 64 << 10, ConfirmTopic = "d/confirm" };
    private readonly OutboxPlace _place = new(Confirmed);
    private readonly MemoryBus.Client _other;
    private readonly List<string> _received = [];

    public ConfirmTests() => _other = _place.Bus.Connect();

    public ValueTask DisposeAsync() => _place.DisposeAsync();

    [Fact]
    public async Task A_record_is_held_until_its_receiver_has_it()
    {
        await _other.StartAsync(TestContext.Current.CancellationToken);
        var deaf = await _other.SubscribeAsync(new("t"), (_, _) => ValueTask.CompletedTask, TestContext.Current.CancellationToken);
        await _place.AppendAsync("t", "1");
        await _place.SendAsync();
        await OutboxPlace.Until(() => _place.Outbox.Counters.Unconfirmed == 1);
        Assert.Equal((1, 0), (_place.Outbox.Counters.Waiting, _place.Outbox.Counters.Sent));
        await deaf.DisposeAsync();
        await using var receiver = await ReceiveAsync();
        _place.Client.Cut();
        await _place.Client.RestoreAsync(); // another connection: the broker may have forgotten it
        await PassAsync(() => _place.Outbox.Counters.Sent == 1);
        Assert.Equal((0, 0), (_place.Outbox.Counters.Waiting, _place.Outbox.Counters.Unconfirmed));
        Assert.Equal(["1"], _received);
    }

    [Fact]
    public async Task What_a_broker_forgot_comes_again_before_what_is_new_and_is_taken_once()
    {
        await _other.StartAsync(TestContext.Current.CancellationToken);
        var forgetful = await _other.SubscribeAsync(new("t"), (_, _) => ValueTask.CompletedTask, TestContext.Current.CancellationToken);
        for (var i = 1; i <= 3; i++) await _place.AppendAsync("t", $"{i}");
        await _place.SendAsync();
        await OutboxPlace.Until(() => _place.Outbox.Counters.Unconfirmed == 3);
        _place.Client.Cut();
        await forgetful.DisposeAsync();
        await using var receiver = await ReceiveAsync();
        await _place.AppendAsync("t", "4");
        await _place.Client.RestoreAsync();
        await PassAsync(() => _place.Outbox.Counters.Sent == 4);
        Assert.Equal(["1", "2", "3", "4"], _received);
    }

    [Fact]
    public async Task What_nobody_confirms_in_time_comes_again_and_is_passed_over_where_it_was_taken()
    {
        await using var receiver = await ReceiveAsync();
        _place.Bus.Lose = message => message.Topic == "d/confirm";
        await _place.AppendAsync("t", "1");
        await _place.SendAsync();
        await OutboxPlace.Until(() => _place.Time.HasTimerAt(OutboxReceiver.Pause));
        _place.Time.Advance(OutboxReceiver.Pause); // and no further: it must not come again yet
        await OutboxPlace.Until(() => _place.Taken.Length == 2); // and the confirmation, which is lost
        _place.Bus.Lose = null;
        Assert.Equal(1, _place.Outbox.Counters.Waiting);
        await PassAsync(() => _place.Outbox.Counters.Sent == 1, TimeSpan.FromSeconds(1));
        Assert.Equal(["1"], _received);
        Assert.True(_place.Time.GetUtcNow() - new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero) >= Confirmed.ConfirmWithin);
    }

    [Fact]
    public async Task Where_nobody_listens_it_is_kept_and_tried_again()
    {
        await _place.AppendAsync("t", "1");
        await _place.SendAsync();
        await OutboxPlace.Until(() => _place.Outbox.Counters.BrokerRefusals == 1);
        await using var receiver = await ReceiveAsync();
        await PassAsync(() => _place.Outbox.Counters.Sent == 1);
        Assert.Equal(["1"], _received);
    }

    [Fact]
    public async Task What_comes_behind_something_that_was_lost_waits_for_it()
    {
        await using var receiver = await ReceiveAsync();
        _place.Bus.Lose = message => Encoding.UTF8.GetString(message.Payload.Span) == "2";
        for (var i = 1; i <= 4; i++) await _place.AppendAsync("t", $"{i}");
        await _place.SendAsync();
        await PassAsync(() => _place.Outbox.Counters.Unconfirmed == 3);
        Assert.Equal(["1"], _received);
        _place.Bus.Lose = null;
        await PassAsync(() => _place.Outbox.Counters.Sent == 4, TimeSpan.FromSeconds(1));
        Assert.Equal(["1", "2", "3", "4"], _received);
    }

    [Fact]
    public async Task A_receiver_that_fails_gets_it_again()
    {
        var fails = true;
        await _other.StartAsync(TestContext.Current.CancellationToken);
        await using var receiver = await OutboxReceiver.StartAsync(
            _other,
            new("t"),
            (message, _) =>
            {
                if (fails) throw new InvalidOperationException("It failed.");
                _received.Add(Encoding.UTF8.GetString(message.Payload.Span));
                return ValueTask.CompletedTask;
            },
            time: _place.Time,
            cancellationToken: TestContext.Current.CancellationToken);
        await _place.AppendAsync("t", "1");
        await _place.SendAsync();
        await OutboxPlace.Until(() => _place.Outbox.Counters.BrokerRefusals == 1); // this bus has the sender see it
        fails = false;
        await PassAsync(() => _place.Outbox.Counters.Sent == 1);
        Assert.Equal(["1"], _received);
    }

    [Fact]
    public async Task After_a_restart_what_was_not_confirmed_is_sent_again()
    {
        await _other.StartAsync(TestContext.Current.CancellationToken);
        await using var deaf = await _other.SubscribeAsync(new("t"), (_, _) => ValueTask.CompletedTask, TestContext.Current.CancellationToken);
        await _place.AppendAsync("t", "1");
        await _place.SendAsync();
        await OutboxPlace.Until(() => _place.Outbox.Counters.Unconfirmed == 1);
        await _place.StopAsync();
        await using var next = new OutboxPlace(Confirmed, new RecordingDisk(_place.Disk.Files));
        Assert.Equal((1, 0), (next.Outbox.Counters.Recovered, next.Outbox.Counters.Unconfirmed));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null and more")]
    [InlineData("[1]")]
    [InlineData("[\"d\"]")]
    [InlineData("{}")]
    public async Task A_confirmation_that_is_none_is_passed_over(string payload)
    {
        await _other.StartAsync(TestContext.Current.CancellationToken);
        await using var deaf = await _other.SubscribeAsync(new("t"), (_, _) => ValueTask.CompletedTask, TestContext.Current.CancellationToken);
        await _place.AppendAsync("t", "1");
        await _place.SendAsync();
        await OutboxPlace.Until(() => _place.Outbox.Counters.Unconfirmed == 1);
        await _other.PublishAsync(new() { Topic = "d/confirm", Payload = Encoding.UTF8.GetBytes(payload) }, TestContext.Current.CancellationToken);
        await _other.PublishAsync(new() { Topic = "d/confirm", Payload = "[\"another:1\",\"d:7fffffff\"]"u8.ToArray() }, TestContext.Current.CancellationToken);
        Assert.Equal((1, 0), (_place.Outbox.Counters.Unconfirmed, _place.Outbox.Counters.Sent));
    }

    private async Task<OutboxReceiver> ReceiveAsync()
    {
        await _other.StartAsync(TestContext.Current.CancellationToken);
        return await OutboxReceiver.StartAsync(
            _other,
            new("t"),
            (message, _) =>
            {
                _received.Add(Encoding.UTF8.GetString(message.Payload.Span));
                return ValueTask.CompletedTask;
            },
            time: _place.Time,
            cancellationToken: TestContext.Current.CancellationToken);
    }

    /// <summary>Lets time pass until something holds.</summary>
    private Task PassAsync(Func<bool> condition, TimeSpan? step = null) => OutboxPlace.Until(() =>
    {
        if (condition()) return true;
        _place.Time.Advance(step ?? OutboxReceiver.Pause);
        return false;
    });
}
