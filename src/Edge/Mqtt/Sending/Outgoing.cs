using Hybrid.Edge.Mqtt.Packets;
using Hybrid.Edge.Mqtt.Wire;

namespace Hybrid.Edge.Mqtt.Sending;

/// <summary>A message that its publisher waits for, until the broker has it. All but the waiting is guarded by the lock of <see cref="Outbound"/>.</summary>
internal sealed class Outgoing(MqttMessage message, DateTimeOffset given) : TaskCompletionSource<MqttPublished>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    private CancellationTokenRegistration _cancelling;

    public MqttMessage Message => message;

    /// <summary>When it was given to the client.</summary>
    public DateTimeOffset Given => given;

    /// <summary>Its number while it is in flight; 0: it was never sent.</summary>
    public ushort Id { get; set; }

    /// <summary>When it was first sent, among all others.</summary>
    public long Order { get; set; }

    /// <summary>Whether the broker has it, and only its number is still in use.</summary>
    public bool IsReleased { get; set; }

    /// <summary>Whether this session of the broker's may know it already.</summary>
    public bool IsAgain { get; set; }

    /// <summary>Where it was sent last.</summary>
    public Link? Link { get; set; }

    /// <summary>What the broker said when it took it.</summary>
    public MqttReasonCode Reason { get; set; }

    /// <summary>Its place among those that wait to be sent.</summary>
    public LinkedListNode<Outgoing>? Waiting { get; set; }

    /// <summary>Seconds until it expires; null: it does not.</summary>
    public uint? Left(DateTimeOffset now) => message.Expiry is { } expiry ? PublishProperties.Seconds(expiry - (now - given)) : null;

    public bool IsExpired(DateTimeOffset now) => message.Expiry is { } expiry && now - given >= expiry;

    /// <summary>Has the publisher stop waiting when a token says so.</summary>
    public void Watch(Action<Outgoing> cancelled, CancellationToken cancellationToken)
    {
        _cancelling = cancellationToken.UnsafeRegister(
            static (state, token) =>
            {
                var (outgoing, cancelled) = ((Outgoing, Action<Outgoing>))state!;
                cancelled(outgoing);
                outgoing.TrySetCanceled(token);
            },
            (this, cancelled));
        if (Task.IsCompleted) _cancelling.Unregister();
    }

    public void Succeed(MqttReasonCode reason)
    {
        _cancelling.Unregister();
        TrySetResult(new(reason));
    }

    public void Fail(HybridException failure)
    {
        _cancelling.Unregister();
        if (TrySetException(failure)) _ = Task.Exception; // nobody may wait for a message of an earlier process
    }
}
