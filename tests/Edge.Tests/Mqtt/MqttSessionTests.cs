using System.Text;
using Hybrid.Edge.Mqtt;
using Hybrid.Edge.Mqtt.Sessions;
using Hybrid.Edge.Tests.Mqtt.Brokers;
using Hybrid.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.Edge.Tests.Mqtt;

/// <summary>Sessions that outlive connections, brokers and clients.</summary>
public class MqttSessionTests : IDisposable
{
    private static readonly TimeSpan Hang = TimeSpan.FromMinutes(2);
    private readonly string _folder = Directory.CreateTempSubdirectory("hybrid-session-").FullName;

    private string SessionPath => Path.Combine(_folder, "own", "session");

    public void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Makes the client under test.</summary>
    protected virtual MqttClient Create(MqttClientOptions options) => new(options);

    private static MqttClientOptions Options(Uri broker, string id) => new()
    {
        Broker = broker,
        ClientId = id,
        ReconnectDelay = TimeSpan.FromMilliseconds(1),
        MaximumReconnectDelay = TimeSpan.FromMilliseconds(20),
    };

    private static MqttMessage Message(string text, MqttQos qos = MqttQos.AtLeastOnce) => new() { Topic = "session", Payload = Encoding.UTF8.GetBytes(text), Qos = qos };

    [Fact]
    public async Task A_broker_that_restarts_in_order_goes_on_with_the_session()
    {
        await using var broker = await Mosquitto.StartAsync("persistence true", "persistence_location ./", "autosave_interval 0");
        var inbox = new Inbox();
        await using var receiver = Create(Options(broker.Endpoint, "receiver"));
        await receiver.SubscribeAsync(new("session"), inbox.TakeAsync);
        await receiver.StartAsync();
        await receiver.StopAsync();
        await using var sender = Create(Options(broker.Endpoint, "sender"));
        await sender.StartAsync();
        await sender.PublishAsync(Message("before"));

        await broker.StopAsync();
        var during = sender.PublishAsync(Message("during"));
        await broker.StartAgainAsync();
        await during.WaitAsync(Hang);
        await receiver.StartAsync();
        Assert.True(receiver.Connection.SessionPresent);
        Assert.Equal("before", Inbox.Text(await inbox.NextAsync()));
        Assert.Equal("during", Inbox.Text(await inbox.NextAsync()));
    }

    [Fact]
    public async Task A_broker_that_was_killed_and_forgot_gets_all_again()
    {
        await using var broker = await Mosquitto.StartAsync();
        var inbox = new Inbox();
        await using var receiver = Create(Options(broker.Endpoint, "receiver"));
        await using var sender = Create(Options(broker.Endpoint, "sender"));
        await receiver.SubscribeAsync(new("session", MqttQos.ExactlyOnce), inbox.TakeAsync);
        await receiver.StartAsync();
        await sender.StartAsync();
        var lost = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        receiver.ConnectionChanged += (_, _) =>
        {
            if (!receiver.Connection.IsConnected) lost.TrySetResult();
        };
        await broker.KillAsync();
        await lost.Task.WaitAsync(Hang);
        var sent = Enumerable.Range(0, 50).Select(i => sender.PublishAsync(Message($"{i}"))).ToList();
        var back = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        receiver.ConnectionChanged += (_, _) =>
        {
            if (receiver.Connection.IsConnected) back.TrySetResult();
        };
        await broker.StartAgainAsync();
        await Task.WhenAll(sent).WaitAsync(Hang);
        await back.Task.WaitAsync(Hang);
        Assert.False(receiver.Connection.SessionPresent);

        // What came before the new subscription was for nobody: so one more, which finds it.
        while (true)
        {
            if ((await sender.PublishAsync(Message("end")).WaitAsync(Hang)).Reason == MqttReasonCode.Success) break;
        }

        var texts = await inbox.UntilAsync("end");
        Assert.Equal(texts.Distinct().OrderBy(int.Parse), texts);
    }

    [Theory]
    [InlineData(MqttQos.AtLeastOnce)]
    [InlineData(MqttQos.ExactlyOnce)]
    public async Task A_client_that_ends_in_mid_exchange_goes_on_with_it_when_it_is_back(MqttQos qos)
    {
        await using var broker = await Mosquitto.StartAsync();
        var inbox = new Inbox();
        await using var receiver = Create(Options(broker.Endpoint, "receiver"));
        await receiver.SubscribeAsync(new("session", qos), inbox.TakeAsync);
        await receiver.StartAsync();
        for (var n = 0; n < 12; n++)
        {
            await using var proxy = new Proxy(broker.Endpoint);
            await using (var first = Create(Options(proxy.Endpoint, "sender") with { SessionPath = SessionPath }))
            {
                await first.StartAsync();
                var cut = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                first.ConnectionChanged += (_, _) => cut.TrySetResult();
                proxy.IsDown = true;
                if (n % 2 == 0) proxy.CutAfter(toClient: n / 2);
                else proxy.CutAfter(toBroker: 8 + n);
                var sent = first.PublishAsync(Message($"{n}", qos));
                await Task.WhenAny(cut.Task, sent).WaitAsync(Hang); // the last cuts come behind a short exchange's end
            }

            await using var second = Create(Options(broker.Endpoint, "sender") with { SessionPath = SessionPath });
            await second.StartAsync();
            Assert.True(second.Connection.SessionPresent);
            await second.PublishAsync(Message($"after {n}", qos)).WaitAsync(Hang);
            await second.StopAsync();
        }

        await using var last = Create(Options(broker.Endpoint, "last"));
        await last.StartAsync();
        await last.PublishAsync(Message("end", qos));
        var texts = await inbox.UntilAsync("end");
        for (var n = 0; n < 12; n++)
        {
            var count = texts.Count(text => text == $"{n}");
            Assert.True(qos == MqttQos.ExactlyOnce ? count == 1 : count >= 1, $"Message {n} came {count} times.");
            Assert.True(texts.IndexOf($"{n}") < texts.IndexOf($"after {n}"), $"Message {n} came behind a later one.");
        }
    }

    [Fact]
    public async Task A_client_that_ends_before_its_receipt_arrives_does_not_handle_the_message_again()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var sender = Create(Options(broker.Endpoint, "sender"));
        await sender.StartAsync();
        await using var proxy = new Proxy(broker.Endpoint);
        var options = Options(proxy.Endpoint, "receiver") with { SessionPath = SessionPath };
        var inbox = new Inbox();
        await using (var first = Create(options))
        {
            await first.SubscribeAsync(new("session", MqttQos.ExactlyOnce), inbox.TakeAsync);
            await first.StartAsync();
            var cut = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            first.ConnectionChanged += (_, _) => cut.TrySetResult();
            proxy.IsDown = true;
            proxy.CutAfter(toBroker: 0);
            await sender.PublishAsync(Message("once", MqttQos.ExactlyOnce));
            Assert.Equal("once", Inbox.Text(await inbox.NextAsync()));
            await cut.Task.WaitAsync(Hang);
        }

        proxy.IsDown = false;
        await using var second = Create(options);
        await second.SubscribeAsync(new("session", MqttQos.ExactlyOnce), inbox.TakeAsync);
        await second.StartAsync();
        await sender.PublishAsync(Message("end", MqttQos.ExactlyOnce));
        Assert.Empty(await inbox.UntilAsync("end"));
    }

    [Fact]
    public void A_session_file_that_is_torn_at_any_byte_holds_what_was_written_before()
    {
        using (var file = SessionFile.Open(SessionPath, "c", NullLogger.Instance, Disk.Real))
        {
            file.Sent(1, new(Message("one", MqttQos.ExactlyOnce), DateTimeOffset.UnixEpoch, 1, IsReleased: false));
            file.Sent(2, new(Message("two"), DateTimeOffset.UnixEpoch, 2, IsReleased: false));
            file.Released(1);
            file.Keep(9);
            file.Answered(2);
            file.Settled(9);
        }

        var whole = File.ReadAllBytes(SessionPath);
        var seen = new List<string>();
        for (var length = 0; length <= whole.Length; length++)
        {
            File.WriteAllBytes(SessionPath, whole[..length]);
            SessionFile file;
            try
            {
                file = SessionFile.Open(SessionPath, "c", NullLogger.Instance, Disk.Real);
            }
            catch (HybridException failure)
            {
                Assert.Equal(HybridError.Storage, failure.Error); // the first record is written whole, with a rename
                Assert.DoesNotContain(seen, state => state.Length > 0);
                continue;
            }

            using (file)
            {
                var state = string.Join(' ', file.Messages.OrderBy(one => one.Key).Select(one => $"{one.Key}{(one.Value.IsReleased ? "r" : "")}{Inbox.Text(one.Value.Message)}").Concat(file.Handled.Select(id => $"h{id}")));
                if (seen.Count == 0 || seen[^1] != state) seen.Add(state);
            }
        }

        Assert.Equal(["", "1one", "1one 2two", "1rone 2two", "1rone 2two h9", "1rone h9", "1rone"], seen);
        File.WriteAllBytes(SessionPath, whole);
        Assert.Contains("belongs to the client 'c'", Assert.Throws<HybridException>(() => SessionFile.Open(SessionPath, "d", NullLogger.Instance, Disk.Real)).Message, StringComparison.Ordinal);
        using var first = SessionFile.Open(SessionPath, "c", NullLogger.Instance, Disk.Real);
        Assert.Contains("in use", Assert.Throws<HybridException>(() => SessionFile.Open(SessionPath, "c", NullLogger.Instance, Disk.Real)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_session_file_stays_small_however_many_messages_go_through_it()
    {
        using (var file = SessionFile.Open(SessionPath, "c", NullLogger.Instance, Disk.Real))
        {
            for (var i = 0; i < 20_000; i++)
            {
                var id = (ushort)(1 + (i % 100));
                file.Sent(id, new(Message(new string('x', 200)), DateTimeOffset.UnixEpoch, i, IsReleased: false));
                if (i >= 50) file.Answered((ushort)(1 + ((i - 50) % 100)));
            }

            Assert.Equal(50, file.Messages.Count);
        }

        Assert.InRange(new FileInfo(SessionPath).Length, 1, 2 << 20);
        using var again = SessionFile.Open(SessionPath, "c", NullLogger.Instance, Disk.Real);
        Assert.Equal(50, again.Messages.Count);
    }
}
