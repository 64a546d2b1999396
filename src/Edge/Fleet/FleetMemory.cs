using System.Text.Json;

namespace Hybrid.Edge.Fleet;

/// <summary>What a device remembers of desired states.</summary>
internal sealed record FleetMemory
{
    /// <summary>The highest fleet document that was seen.</summary>
    public SeenDocument? Fleet { get; init; }

    /// <summary>The highest document of this device that was seen.</summary>
    public SeenDocument? Device { get; init; }

    /// <summary>The last documents under which the device was well.</summary>
    public DesiredPair Good { get; init; } = new(null, null);

    /// <summary>Documents that are being tried; null: none.</summary>
    public DesiredPair? Trial { get; init; }

    /// <summary>How often the device has started under them.</summary>
    public int Starts { get; init; }

    /// <summary>What should be in force.</summary>
    public DesiredPair Current => Trial ?? Good;

    public SeenDocument? Seen(bool ofDevice) => ofDevice ? Device : Fleet;

    public FleetMemory With(bool ofDevice, SeenDocument seen) => ofDevice ? this with { Device = seen } : this with { Fleet = seen };

    /// <summary>What a file holds; null: it is damaged.</summary>
    public static FleetMemory? Read(byte[] bytes)
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, FleetJson.Default.FleetMemory) is { Good: not null } memory ? memory : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, FleetJson.Default.FleetMemory);
}

/// <summary>The envelopes of a fleet's and a device's document, as they came, so that their signatures can be checked again.</summary>
/// <param name="Fleet">Null: none came.</param>
/// <param name="Device">Null: none came.</param>
internal sealed record DesiredPair(byte[]? Fleet, byte[]? Device)
{
    public DesiredPair With(bool ofDevice, byte[] envelope) => ofDevice ? this with { Device = envelope } : this with { Fleet = envelope };
}

/// <summary>A document that was seen.</summary>
/// <param name="Version">Its version.</param>
/// <param name="Digest">Of its bytes.</param>
/// <param name="Refusal">Why it was not taken; null: it was.</param>
internal sealed record SeenDocument(long Version, string Digest, FleetRefusal? Refusal = null);
