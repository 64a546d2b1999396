using Hybrid.Device;
using Hybrid.Targets;
using Hybrid.Tests.Accounting.Carbon;
using Microsoft.Extensions.AI;

namespace Hybrid.Tests.Device;

public sealed class SystemBatteryTests : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly SysFolder _sys = new();

    public void Dispose() => _sys.Dispose();

    [Theory]
    [InlineData("Discharging", 42, 0.42)]
    [InlineData("Charging", 42, null)]
    [InlineData("Full", 100, null)]
    [InlineData("Discharging", 105, 1.0)] // some firmware says so
    public void The_charge_counts_while_it_falls(string status, long percent, double? left)
    {
        _sys.Battery(status, ("capacity", percent));
        Assert.Equal(left, new SystemBattery(_sys.Root, _time).Left);
    }

    [Fact]
    public void Without_a_battery_or_its_charge_nothing_is_known()
    {
        Assert.Null(new SystemBattery(_sys.Root, _time).Left);
        _sys.Battery("Discharging");
        Assert.Null(new SystemBattery(_sys.Root, _time).Left);
    }

    [Fact]
    public void It_is_read_again_after_a_while_and_not_before()
    {
        _sys.Battery("Discharging", ("capacity", 50));
        var battery = new SystemBattery(_sys.Root, _time);
        _sys.Battery("Discharging", ("capacity", 49));
        _time.Advance(SystemBattery.Every - TimeSpan.FromMilliseconds(1));
        Assert.Equal(0.5, battery.Left);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(0.49, battery.Left);
        _sys.Battery("Charging", ("capacity", 49));
        _time.Advance(SystemBattery.Every);
        Assert.Null(battery.Left);
    }

    [Fact]
    public async Task A_client_keeps_off_a_device_whose_battery_is_low_and_says_why()
    {
        var device = new ScriptedTarget("device", "no");
        var pool = new ScriptedTarget("pool", "yes");
        pool.Descriptor = pool.Descriptor with { Zone = Zone.Site };
        await using var client = new HybridChatClient(
            [device, pool], new() { Policy = new() { Name = "careful", MinBattery = 0.2 }, Battery = new Charge(0.1), TimeProvider = _time });
        var response = await client.GetResponseAsync("x", cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal("yes", response.Text);
        Assert.Contains("10 % is left of the battery, and policy 'careful' keeps 20 %", client.Decide([new(ChatRole.User, "x")]).Targets[0].Walls[0].Reason, StringComparison.Ordinal);
        Assert.Empty(device.Received);
    }

    private sealed record Charge(double? Left) : IBattery;
}
