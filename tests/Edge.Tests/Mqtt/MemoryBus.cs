using Hybrid.Edge.Mqtt;

namespace Hybrid.Edge.Tests.Mqtt;

/// <summary>A bus inside the process, for edge cases and simulated time: keeps retained messages, delivers in order, and can be cut.</summary>
internal sealed class MemoryBus
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, MqttMessage> _retained = [];
    private readonly List<Client> _clients = [];

    /// <summary>Every message that was taken, in order.</summary>
    public List<MqttMessage> Taken { get; } = [];

    /// <summary>The same, while others publish.</summary>
    public MqttMessage[] TakenNow
    {
        get
        {
            lock (_lock) return [.. Taken];
        }
    }

    /// <summary>Which messages are acknowledged and then forgotten.</summary>
    public Func<MqttMessage, bool>? Lose { get; set; }

    public Client Connect()
    {
        lock (_lock)
        {
            var client = new Client(this);
            _clients.Add(client);
            return client;
        }
    }

    private static bool Matches(string filter, string topic)
    {
        var (wanted, levels) = (filter.Split('/'), topic.Split('/'));
        for (var i = 0; i < wanted.Length; i++)
        {
            if (wanted[i] == "#") return true;
            if (i >= levels.Length || (wanted[i] != "+" && wanted[i] != levels[i])) return false;
        }

        return wanted.Length == levels.Length;
    }

    internal sealed class Client(MemoryBus bus) : IMqttClient
    {
        private readonly List<(MqttSubscription Wanted, Func<MqttMessage, CancellationToken, ValueTask> Handler)> _handlers = [];
        private TaskCompletionSource? _cut = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public event EventHandler? ConnectionChanged;

        private MemoryBus Bus => bus;

        public MqttConnection Connection { get; private set; } = new(false, false, MqttReasonCode.Success, "not started");

        public Task StartAsync(CancellationToken cancellationToken = default) => RestoreAsync();

        public Task StopAsync(CancellationToken cancellationToken = default)
        {
            Cut();
            return Task.CompletedTask;
        }

        /// <summary>Loses the connection: what is published waits, and nothing is received.</summary>
        public void Cut()
        {
            _cut ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            Say(new(false, true, MqttReasonCode.UnspecifiedError, "cut"));
        }

        /// <summary>Has a connection again.</summary>
        public async Task RestoreAsync()
        {
            TaskCompletionSource cut;
            List<(MqttMessage, Func<MqttMessage, CancellationToken, ValueTask>)> kept = [];
            lock (bus._lock) // so that each message comes once: as one that was kept, or as one that is published
            {
                if (_cut is null) return;
                (cut, _cut) = (_cut, null);
                foreach (var (wanted, handler) in _handlers)
                    kept.AddRange(bus._retained.Values.Where(one => Matches(wanted.Filter, one.Topic)).Select(one => (one, handler)));
            }

            Say(new(true, true, MqttReasonCode.Success, "connected"));
            cut.TrySetResult();
            foreach (var (one, handler) in kept) await handler(one, CancellationToken.None);
        }

        public async Task<MqttPublished> PublishAsync(MqttMessage message, CancellationToken cancellationToken = default)
        {
            while (_cut is { } cut) await cut.Task.WaitAsync(cancellationToken);
            List<(MqttMessage, Func<MqttMessage, CancellationToken, ValueTask>)> to = [];
            bool isLost;
            lock (bus._lock)
            {
                bus.Taken.Add(message);
                isLost = bus.Lose?.Invoke(message) == true; // here, for a test that sees it taken may lose the next one no more
                if (message.Retain && message.Payload.IsEmpty) bus._retained.Remove(message.Topic);
                else if (message.Retain) bus._retained[message.Topic] = message;
                foreach (var client in bus._clients)
                    foreach (var (wanted, handler) in client._handlers)
                        if (client._cut is null && Matches(wanted.Filter, message.Topic)) to.Add((message with { Retain = false }, handler));
            }

            if (isLost) return new(MqttReasonCode.Success);
            foreach (var (one, handler) in to) await handler(one, cancellationToken);
            return new(to.Count > 0 ? MqttReasonCode.Success : MqttReasonCode.NoMatchingSubscribers);
        }

        public async Task<IAsyncDisposable> SubscribeAsync(
            MqttSubscription subscription, Func<MqttMessage, CancellationToken, ValueTask> handler, CancellationToken cancellationToken = default)
        {
            MqttMessage[] kept;
            lock (bus._lock)
            {
                _handlers.Add((subscription, handler));
                kept = _cut is not null ? [] : [.. bus._retained.Values.Where(one => Matches(subscription.Filter, one.Topic))];
            }

            foreach (var one in kept) await handler(one, cancellationToken);
            return new Ended(this, handler);
        }

        public ValueTask DisposeAsync() => new(StopAsync());

        private void Say(MqttConnection connection)
        {
            Connection = connection;
            ConnectionChanged?.Invoke(this, EventArgs.Empty);
        }

        private sealed class Ended(Client client, Func<MqttMessage, CancellationToken, ValueTask> handler) : IAsyncDisposable
        {
            public ValueTask DisposeAsync()
            {
                lock (client.Bus._lock) client._handlers.RemoveAll(one => one.Handler == handler);
                return ValueTask.CompletedTask;
            }
        }
    }
}
