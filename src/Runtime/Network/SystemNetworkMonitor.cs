using System.Net.NetworkInformation;

namespace Hybrid.Network;

/// <summary>What the operating system says: a network is there as long as an interface other than loopback and tunnels is up.</summary>
internal sealed class SystemNetworkMonitor : INetworkMonitor
{
    /// <summary>The system's events belong to the process, so one listener serves all clients.</summary>
    private static readonly Lazy<SystemNetworkMonitor> One = new(() => new());

    private SystemNetworkMonitor()
    {
        NetworkChange.NetworkAvailabilityChanged += (_, _) => Changed?.Invoke(this, EventArgs.Empty);
        NetworkChange.NetworkAddressChanged += (_, _) => Changed?.Invoke(this, EventArgs.Empty);
    }

    public event EventHandler? Changed;

    public static SystemNetworkMonitor Instance => One.Value;

    public bool IsAvailable
    {
        get
        {
            try
            {
                return NetworkInterface.GetIsNetworkAvailable();
            }
            catch (NetworkInformationException)
            {
                return true; // the system does not say; faults will
            }
        }
    }
}
