namespace Hybrid.Edge.Mqtt;

/// <summary>How an <see cref="MqttClient"/> behaves.</summary>
public sealed record MqttClientOptions
{
    /// <summary>The broker: <c>mqtt://</c>, <c>mqtts://</c>, <c>ws://</c> or <c>wss://</c>, a host and perhaps a port and a path.</summary>
    public required Uri Broker { get; init; }

    /// <summary>How the two speak.</summary>
    /// <value><see cref="MqttVersion.V5"/></value>
    public MqttVersion Version { get; init; } = MqttVersion.V5;

    /// <summary>The client's name, by which the broker knows its session; no two clients may have the same.</summary>
    /// <value>Empty: the broker chooses one.</value>
    public string ClientId { get; init; } = "";

    /// <summary>Whether the first connection begins a new session; those after it go on with it.</summary>
    public bool CleanStart { get; init; }

    /// <summary>How long the broker keeps the session of a client that is away; whole seconds. Over MQTT 3.1.1, zero ends it and anything else keeps it.</summary>
    /// <value>An hour</value>
    public TimeSpan SessionExpiry { get; init; } = TimeSpan.FromHours(1);

    /// <summary>A file in which the client's half of the session is kept, so that it outlives the process; needs <see cref="ClientId"/>, and belongs to one client.</summary>
    /// <value>Null: it ends with the client.</value>
    public string? SessionPath { get; init; }

    /// <summary>Who the client is to the broker.</summary>
    public string? UserName { get; init; }

    /// <summary>What proves it; never logged.</summary>
    public string? Password { get; init; }

    /// <summary>Gives the password anew for each connection, in place of <see cref="Password"/>.</summary>
    public Func<CancellationToken, ValueTask<string>>? PasswordProvider { get; init; }

    /// <summary>How a certificate is checked, with <c>mqtts://</c> and <c>wss://</c>.</summary>
    public MqttTlsOptions Tls { get; init; } = new();

    /// <summary>What the broker says of the client when it is lost.</summary>
    public MqttWill? Will { get; init; }

    /// <summary>After how long without a word the client asks whether the broker is there; whole seconds, up to 65,535. The broker may set its own.</summary>
    /// <value>A minute; zero: never.</value>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long the broker may take to answer that before the connection counts as lost.</summary>
    /// <value>10 s</value>
    public TimeSpan PingTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long one attempt to connect may take, names, TLS and the broker's answer included.</summary>
    /// <value>20 s</value>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The most that the first attempt after a lost connection waits; the bound doubles with each one that fails, and what is waited is drawn evenly from zero to it.</summary>
    /// <value>1 s</value>
    public TimeSpan ReconnectDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Where that doubling ends; refusals for good wait between half of it and all of it.</summary>
    /// <value>A minute</value>
    public TimeSpan MaximumReconnectDelay { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How many messages of quality of service 1 and 2 the broker may have unanswered at the client: its back-pressure. Over MQTT 3.1.1 brokers do not know it.</summary>
    /// <value>256</value>
    public int ReceiveMaximum { get; init; } = 256;

    /// <summary>How many messages of quality of service 1 and 2 the client has unanswered at the broker, which may allow fewer; the others wait. Over MQTT 3.1.1, where brokers cannot say so, never more than 20.</summary>
    /// <value>512</value>
    public int SendMaximum { get; init; } = 512;

    /// <summary>Bytes of the largest packet that the broker may send; a larger one ends the connection before it is read.</summary>
    /// <value>16 MiB</value>
    public int MaximumPacketSize { get; init; } = 16 << 20;

    /// <summary>How many topics each side may give a short number on one connection; MQTT 5 only.</summary>
    /// <value>16; zero: none.</value>
    public int TopicAliasMaximum { get; init; } = 16;

    /// <summary>How many messages of quality of service 0 wait for the handler of one subscription, and at most <see cref="MaximumPacketSize"/> bytes of them; the oldest is dropped for a newer one, and counted.</summary>
    /// <value>10,000</value>
    public int QueueLimit { get; init; } = 10_000;

    /// <summary>The clock of delays, timeouts and expiry.</summary>
    /// <value>The system's.</value>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Gives 0 to below 1, for what is waited.</summary>
    /// <value>Null: a generator of its own.</value>
    public Func<double>? Randomizer { get; init; }

    /// <summary>Without its secrets.</summary>
    public override string ToString() => $"{ClientId} at {Broker.Host}";
}
