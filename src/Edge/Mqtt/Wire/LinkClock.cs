using Hybrid.Edge.Mqtt.Packets;

namespace Hybrid.Edge.Mqtt.Wire;

/// <summary>Asks a silent broker whether it is there, and ends the link when it does not answer.</summary>
internal sealed class LinkClock(Link link, MqttClientOptions options)
{
    private readonly TimeProvider _time = options.TimeProvider;
    private long _sent = options.TimeProvider.GetTimestamp();
    private long _received = options.TimeProvider.GetTimestamp();
    private bool _paused;

    public void Sent() => Volatile.Write(ref _sent, _time.GetTimestamp());

    public void Received() => Volatile.Write(ref _received, _time.GetTimestamp());

    /// <summary>The client does not read now: the broker is not to blame for silence.</summary>
    public void Pause() => Volatile.Write(ref _paused, true);

    public void Resume()
    {
        Received();
        Volatile.Write(ref _paused, false);
    }

    public async Task WatchAsync(CancellationToken cancellationToken)
    {
        var every = link.Limits.KeepAlive;
        if (every <= TimeSpan.Zero) return;
        var patience = options.PingTimeout < every ? options.PingTimeout : every;
        while (true)
        {
            var quiet = Longest(_time.GetElapsedTime(Volatile.Read(ref _sent)), _time.GetElapsedTime(Volatile.Read(ref _received)));
            if (quiet < every)
            {
                await Task.Delay(every - quiet, _time, cancellationToken);
                continue;
            }

            var asked = _time.GetTimestamp();
            link.Write(default(PingPacket));
            await Task.Delay(patience, _time, cancellationToken);
            if (Volatile.Read(ref _received) >= asked || Volatile.Read(ref _paused)) continue;
            link.End(new(MqttReasonCode.KeepAliveTimeout, $"the broker did not answer a ping within {patience.TotalSeconds:0.#} s"), tell: false);
            return;
        }
    }

    private static TimeSpan Longest(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
