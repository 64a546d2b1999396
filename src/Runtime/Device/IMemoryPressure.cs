namespace Hybrid.Device;

/// <summary>Knows whether this device is short of memory.</summary>
/// <remarks>Thread-safe, and asked often: it answers from memory.</remarks>
public interface IMemoryPressure
{
    /// <summary>Whether programs wait for memory, or hardly any is left, so that what can be done without should go.</summary>
    bool IsHigh { get; }

    /// <summary>Bytes that could be taken without swapping.</summary>
    /// <value>Null: the device does not say.</value>
    long? AvailableBytes { get; }
}
