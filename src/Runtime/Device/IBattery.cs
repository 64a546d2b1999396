namespace Hybrid.Device;

/// <summary>Knows what is left of the battery that this device runs on.</summary>
/// <remarks>Thread-safe, and asked for every decision: it answers from memory.</remarks>
public interface IBattery
{
    /// <summary>The charge that is left, 0 to 1.</summary>
    /// <value>Null: the device runs on mains, has no battery, or does not say.</value>
    double? Left { get; }
}
