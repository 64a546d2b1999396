namespace Hybrid.Edge.Outbox;

/// <summary>What is to be sent.</summary>
public sealed record OutboxMessage
{
    /// <summary>Where to, at most 1,024 bytes of UTF-8; records of one topic arrive in order.</summary>
    public required string Topic { get; init; }

    /// <summary>The bytes; they must not change until they are stored.</summary>
    public ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>What the payload is, as a media type of at most 255 bytes.</summary>
    public string? ContentType { get; init; }

    /// <summary>Whether the broker keeps it for those who subscribe later.</summary>
    public bool Retain { get; init; }

    /// <summary>What is sent first, and dropped last.</summary>
    /// <value><see cref="OutboxClass.Normal"/></value>
    public OutboxClass Class { get; init; } = OutboxClass.Normal;

    /// <summary>After how long it is of no use to anybody, above 0.</summary>
    /// <value>Null: <see cref="OutboxOptions.MaxAge"/> alone counts.</value>
    public TimeSpan? Expiry { get; init; }
}

/// <summary>How much a record matters.</summary>
public enum OutboxClass
{
    /// <summary>Goes first when room is short.</summary>
    Low,

    /// <summary>The usual.</summary>
    Normal,

    /// <summary>Is sent before the others, and goes last.</summary>
    High,
}
