using Hybrid.Models.Prefetch;
using Hybrid.Tests.Network;

namespace Hybrid.Tests.Models.Prefetch;

public sealed class SystemLinkTests : IDisposable
{
    private const string Header = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n";
    private readonly string _root = Directory.CreateTempSubdirectory("hybrid-link").FullName;
    private readonly ManualMonitor _network = new();

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void A_wired_line_may_be_used()
    {
        Route("eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n");
        Write("sys/class/net/eth0/operstate", "up\n");
        Write("sys/class/net/eth0/uevent", "INTERFACE=eth0\nIFINDEX=2\n");
        Assert.Null(Link().Problem);
        Assert.Equal("the line is metered, as configured", Link(LinkCost.Metered).Problem);
    }

    [Theory]
    [InlineData("wlp2s0", "DEVTYPE=wwan\nINTERFACE=x\n")]
    [InlineData("bnep0", "DEVTYPE=bluetooth\n")]
    [InlineData("wwan0", "")]
    [InlineData("ppp0", "")]
    public void A_mobile_line_is_not_unless_it_is_said_to_cost_nothing(string name, string uevent)
    {
        Route($"{name}\t00000000\t00000000\t0001\t0\t0\t700\t00000000\t0\t0\t0\n");
        Write($"sys/class/net/{name}/operstate", "unknown\n");
        Write($"sys/class/net/{name}/uevent", uevent);
        Assert.Equal($"the line '{name}' is a mobile one", Link().Problem);
        Assert.Null(Link(LinkCost.Unmetered).Problem);
    }

    [Fact]
    public void The_default_route_with_the_lowest_metric_counts()
    {
        Route("wwan0\t00000000\t00000000\t0001\t0\t0\t700\t00000000\t0\t0\t0\neth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\nwwan0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n");
        Assert.Null(Link().Problem);
    }

    [Fact]
    public void A_line_that_is_down_and_no_network_are_told()
    {
        Route("eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n");
        Write("sys/class/net/eth0/operstate", "down\n");
        Assert.Equal("the line 'eth0' is down", Link().Problem);
        _network.Become(available: false);
        Assert.Equal("there is no network", Link().Problem);
    }

    [Fact]
    public void Where_the_system_tells_nothing_the_line_may_be_used() => Assert.Null(Link().Problem);

    private SystemLink Link(LinkCost cost = LinkCost.Auto) => new(cost, _network, _root);

    private void Route(string lines) => Write("proc/net/route", Header + lines);

    private void Write(string path, string text)
    {
        var full = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }
}
