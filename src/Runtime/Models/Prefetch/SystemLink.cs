using System.Globalization;
using Hybrid.Accounting;
using Hybrid.Network;

namespace Hybrid.Models.Prefetch;

/// <summary>The line as Linux shows it: the interface of the default route, whether it is up, and whether it is a mobile one; elsewhere, whether there is a network.</summary>
/// <remarks>
/// A mobile interface is one whose driver calls itself <c>wwan</c> or <c>bluetooth</c>, or a point-to-point one (<c>ppp</c>, <c>rmnet</c>). A tethered phone
/// that looks like Ethernet is not recognised: configure it.
/// </remarks>
internal sealed class SystemLink(LinkCost cost, INetworkMonitor network, string root = "/") : ILinkState
{
    private const long Up = 1; // RTF_UP
    private const long Ethernet = 1; // ARPHRD_ETHER

    public string? Problem
    {
        get
        {
            if (cost == LinkCost.Metered) return "the line is metered, as configured";
            if (!network.IsAvailable) return "there is no network";
            if (DefaultInterface() is not { } name) return null;
            if (SysFile.Text(Path.Combine(root, "sys/class/net", name, "operstate")) is "down" or "lowerlayerdown" or "dormant") return $"the line '{name}' is down";
            return cost == LinkCost.Auto && IsMobile(name) ? $"the line '{name}' is a mobile one" : null;
        }
    }

    /// <summary>The kind of the line: <c>ethernet</c>, <c>wifi</c>, <c>mobile</c> or <c>other</c>; null where the system does not say.</summary>
    public string? Kind => DefaultInterface() is not { } name ? null
        : IsMobile(name) ? "mobile"
        : Directory.Exists(Path.Combine(root, "sys/class/net", name, "wireless")) ? "wifi"
        : SysFile.TryWhole(Path.Combine(root, "sys/class/net", name, "type"), out var type) && type == Ethernet ? "ethernet" : "other";

    /// <summary>Whether the line is paid by the byte, as far as that is known.</summary>
    public bool IsMetered => cost == LinkCost.Metered || (cost == LinkCost.Auto && DefaultInterface() is { } name && IsMobile(name));

    private bool IsMobile(string name)
    {
        if (name.StartsWith("ppp", StringComparison.Ordinal) || name.StartsWith("wwan", StringComparison.Ordinal) || name.StartsWith("rmnet", StringComparison.Ordinal)) return true;
        var said = SysFile.Text(Path.Combine(root, "sys/class/net", name, "uevent"))?.Split('\n') ?? [];
        return said.Contains("DEVTYPE=wwan") || said.Contains("DEVTYPE=bluetooth");
    }

    /// <summary>The interface of the default route with the lowest metric; null where there is none, or the system does not say.</summary>
    private string? DefaultInterface()
    {
        var routes = SysFile.Text(Path.Combine(root, "proc/net/route"))?.Split('\n').Skip(1) ?? [];
        return routes.Select(line => line.Split('\t', StringSplitOptions.TrimEntries))
            .Where(fields => fields.Length > 6 && fields[1] == "00000000" && long.TryParse(fields[3], NumberStyles.HexNumber, null, out var flags) && (flags & Up) != 0)
            .MinBy(fields => long.TryParse(fields[6], out var metric) ? metric : long.MaxValue)?[0];
    }
}
