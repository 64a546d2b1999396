namespace Hybrid.Device;

/// <summary>Knows what bears on where a request should go, of this device.</summary>
/// <remarks>Thread-safe, and asked for every decision: it answers from memory.</remarks>
public interface IDeviceFacts
{
    /// <summary>What is known now.</summary>
    DeviceFacts Now { get; }
}
