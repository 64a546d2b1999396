namespace Hybrid.Device;

/// <summary>What is known of this device at one moment. Immutable.</summary>
public sealed record DeviceFacts
{
    /// <summary>What is left of the battery, 0 to 1.</summary>
    /// <value>Null: it runs on mains, has no battery, or does not say.</value>
    public double? BatteryLeft { get; init; }

    /// <summary>How hot its hottest part is, in degrees Celsius.</summary>
    /// <value>Null: it does not say.</value>
    public double? Celsius { get; init; }

    /// <summary>Whether it slows its processor down because of heat.</summary>
    public bool IsThrottled { get; init; }

    /// <summary>Whether programs wait for memory, or hardly any is left.</summary>
    public bool IsMemoryShort { get; init; }

    /// <summary>Bytes that could be taken without swapping.</summary>
    /// <value>Null: it does not say.</value>
    public long? AvailableBytes { get; init; }

    /// <summary>The kind of its line: <c>ethernet</c>, <c>wifi</c>, <c>mobile</c> or <c>other</c>.</summary>
    /// <value>Null: there is none, or it does not say.</value>
    public string? Link { get; init; }

    /// <summary>Whether the line is paid by the byte, as far as that is known or configured.</summary>
    public bool IsMetered { get; init; }
}
