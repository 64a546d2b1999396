namespace Hybrid.Edge.Mqtt.Receiving;

/// <summary>One subscription at the broker, whoever of the client's subscribers share it. Guarded by the lock of <see cref="Subscriptions"/>.</summary>
internal sealed class Filter(string text, int number)
{
    public string Text => text;

    /// <summary>What the broker says with its messages, where it can.</summary>
    public int Number => number;

    /// <summary>The part that topics are matched with.</summary>
    public string Matched { get; } = MqttTopic.Matched(text);

    public List<Subscriber> Subscribers { get; } = [];

    /// <summary>Whether the broker's session has it.</summary>
    public bool IsGranted { get; set; }

    /// <summary>Goes up whenever the broker must be asked again.</summary>
    public int Edition { get; set; }

    /// <summary>What the broker says of the last edition; null: it was granted.</summary>
    public TaskCompletionSource<HybridException?> Answer { get; set; } = New();

    /// <summary>What the broker is asked for: the newest wish, with the best quality of service of all.</summary>
    public MqttSubscription Wanted => Subscribers[^1].Wanted with { Qos = Subscribers.Max(one => one.Wanted.Qos) };

    public static TaskCompletionSource<HybridException?> New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
