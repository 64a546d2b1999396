using Hybrid.Device;
using Hybrid.Models.Prefetch;
using Hybrid.Policy;
using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.Tests.Device;

/// <summary>Heat, throttling and the line, from files as the kernel has them.</summary>
public sealed class SystemFactsTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("hybrid-facts-").FullName;
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void The_hottest_zone_counts_and_a_sensor_that_is_off_does_not()
    {
        Write("sys/class/thermal/thermal_zone0/temp", "45000");
        Write("sys/class/thermal/thermal_zone1/temp", "71500");
        Write("sys/class/thermal/thermal_zone2/temp", "-273000");
        Write("sys/class/thermal/thermal_zone3/temp", "");
        var facts = Facts();
        Assert.Equal(71.5, facts.Now.Celsius);
        Write("sys/class/thermal/thermal_zone1/temp", "50000");
        Assert.Equal(71.5, facts.Now.Celsius); // as read a moment ago
        _time.Advance(SystemFacts.Every);
        Assert.Equal(50, facts.Now.Celsius);
    }

    [Fact]
    public void A_machine_that_shows_nothing_is_not_hot_and_not_metered()
    {
        var now = Facts().Now;
        Assert.Equal((null, false, null, false, null), (now.Celsius, now.IsThrottled, now.Link, now.IsMetered, now.BatteryLeft));
    }

    [Theory]
    [InlineData("thermal-cpufreq-0", "2", true)]
    [InlineData("Processor", "1", true)]
    [InlineData("Processor", "0", false)]
    [InlineData("Fan", "3", false)]
    public void It_is_slowed_down_while_a_cooler_of_the_processor_is_at_work(string type, string state, bool slowed)
    {
        Write("sys/class/thermal/cooling_device0/type", type);
        Write("sys/class/thermal/cooling_device0/cur_state", state);
        Assert.Equal(slowed, Facts().Now.IsThrottled);
    }

    [Fact]
    public void It_is_slowed_down_where_the_count_of_such_times_grew()
    {
        const string Count = "sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count";
        Write(Count, "7");
        var facts = Facts();
        Assert.False(facts.Now.IsThrottled);
        Write(Count, "8");
        _time.Advance(SystemFacts.Every);
        Assert.True(facts.Now.IsThrottled);
        _time.Advance(SystemFacts.Every);
        Assert.False(facts.Now.IsThrottled);
    }

    [Theory]
    [InlineData("eth0", "type=1", LinkCost.Auto, "ethernet", false)]
    [InlineData("eth0", "type=1", LinkCost.Metered, "ethernet", true)]
    [InlineData("wlan0", "wireless", LinkCost.Auto, "wifi", false)]
    [InlineData("wwan0", "type=65534", LinkCost.Auto, "mobile", true)]
    [InlineData("wwan0", "type=65534", LinkCost.Unmetered, "mobile", false)]
    [InlineData("tun0", "type=65534", LinkCost.Auto, "other", false)]
    public void The_line_has_a_kind_and_a_price(string name, string shown, LinkCost cost, string kind, bool metered)
    {
        Write("proc/net/route", $"Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n{name}\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n");
        Write($"sys/class/net/{name}/uevent", "");
        if (shown == "wireless") Directory.CreateDirectory(Path.Combine(_root, "sys/class/net", name, "wireless"));
        else Write($"sys/class/net/{name}/type", shown["type=".Length..]);
        var now = new SystemFacts(_time, cost: cost, root: _root).Now;
        Assert.Equal((kind, metered), (now.Link, now.IsMetered));
    }

    [Fact]
    public async Task A_hot_device_and_a_line_paid_by_the_byte_are_walls_where_the_policy_says_so()
    {
        var (device, pool) = (new ScriptedTarget("device", "here"), new NetworkedTarget(new ScriptedTarget("pool", "there")));
        var facts = new Told { Now = new() { Celsius = 81, IsMetered = true } };
        await using var client = new HybridChatClient([device, pool], new()
        {
            TimeProvider = _time,
            Facts = facts,
            Network = new Network.ManualMonitor(),
            Policy = new() { Name = "cool", MaxCelsius = 80 },
            Policies = [new() { Name = "cheap", AvoidMetered = true }],
        });
        Assert.Equal("pool", client.Decide([new(ChatRole.User, "hi")]).Chosen?.Name);
        var cheap = client.Decide([new(ChatRole.User, "hi")], new ChatOptions().WithPolicy("cheap"));
        Assert.Equal("device", cheap.Chosen?.Name);
        Assert.Contains(cheap.Targets.SelectMany(target => target.Walls), wall => wall.Wall == Wall.Metered);
        facts.Now = new() { Celsius = 79 };
        Assert.DoesNotContain(client.Decide([new(ChatRole.User, "hi")]).Targets.SelectMany(target => target.Walls), wall => wall.Wall == Wall.Temperature);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private SystemFacts Facts() => new(_time, root: _root);

    private void Write(string path, string text)
    {
        var full = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }

    private sealed class Told : IDeviceFacts
    {
        public DeviceFacts Now { get; set; } = new();
    }

    private sealed class NetworkedTarget(ScriptedTarget target) : ITarget, INetworkTarget
    {
        public TargetDescriptor Descriptor { get; } = target.Descriptor with { Zone = Zone.Site };

        public TargetState State => TargetState.Warm;

        public bool NeedsNetwork => true;

        public IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, CancellationToken cancellationToken = default) => target.GenerateAsync(request, cancellationToken);

        public ValueTask WarmAsync(CancellationToken cancellationToken = default) => default;

        public ValueTask DisposeAsync() => default;
    }
}
