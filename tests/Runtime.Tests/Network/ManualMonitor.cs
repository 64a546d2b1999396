using Hybrid.Network;

namespace Hybrid.Tests.Network;

/// <summary>A network that is there as long as a test says so.</summary>
internal sealed class ManualMonitor(bool isAvailable = true) : INetworkMonitor
{
    public event EventHandler? Changed;

    public bool IsAvailable { get; private set; } = isAvailable;

    public bool IsWatched => Changed is not null;

    public void Become(bool available)
    {
        IsAvailable = available;
        Changed?.Invoke(this, EventArgs.Empty);
    }
}
