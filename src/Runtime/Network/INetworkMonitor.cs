namespace Hybrid.Network;

/// <summary>Knows whether this machine has a network.</summary>
/// <remarks>Thread-safe.</remarks>
public interface INetworkMonitor
{
    /// <summary>Whether there is a network over which targets may be reached; that they are reached it need not know.</summary>
    bool IsAvailable { get; }

    /// <summary>Something about the network changed; raised on any thread, and with or without a change of <see cref="IsAvailable"/>.</summary>
    event EventHandler? Changed;
}
