using Hybrid.Accounting;
using Hybrid.Targets;
using Hybrid.Tests.Streaming;

namespace Hybrid.Tests.Accounting.Carbon;

public sealed class EnergyTests : IDisposable
{
    private static readonly JouleCounterOpener NoGpus = (out problem) =>
    {
        problem = "none is here";
        return null;
    };

    private readonly ManualTimeProvider _time = new();
    private readonly SysFolder _sys = new();

    public void Dispose() => _sys.Dispose();

    [Fact]
    public void Rapl_adds_packages_and_memory_once_and_goes_on_where_a_counter_wraps()
    {
        _sys.Rapl("intel-rapl:0", "package-0", 900_000, 1_000_000);
        _sys.Rapl("intel-rapl:0:0", "core", 800_000, 1_000_000);
        _sys.Rapl("intel-rapl:0:1", "dram", 100, 1_000_000);
        _sys.Rapl("intel-rapl:1", "psys", 5, 1_000_000);
        _sys.Rapl("intel-rapl-mmio:0", "package-0", 5, 1_000_000);
        var counter = RaplCounter.Open(_sys.Root, out _)!;
        Assert.True(counter.TryRead(out var joules));
        Assert.Equal(0, joules);
        _sys.Put("intel-rapl:0", 100_000); // 0.2 J, past its range
        _sys.Put("intel-rapl:0:1", 500_100); // 0.5 J
        _sys.Put("intel-rapl:0:0", 999_999);
        _sys.Put("intel-rapl:1", 999_999);
        _sys.Put("intel-rapl-mmio:0", 999_999);
        Assert.True(counter.TryRead(out joules));
        Assert.Equal(0.7, joules, 9);
        File.Delete(Path.Combine(_sys.Root, "class", "powercap", "intel-rapl:0", "energy_uj"));
        Assert.False(counter.TryRead(out _));
    }

    [Fact]
    public void A_machine_without_a_meter_says_why()
    {
        Assert.Null(MeasuredEnergy.Open(_sys.Root, NoGpus, _time, out var why));
        Assert.Contains("there is no RAPL in", why, StringComparison.Ordinal);
        _sys.Rapl("intel-rapl:0", "package-0", 1, 1_000_000);
        File.WriteAllText(Path.Combine(_sys.Root, "class", "powercap", "intel-rapl:0", "energy_uj"), "no number");
        Assert.Null(MeasuredEnergy.Open(_sys.Root, NoGpus, _time, out why));
        Assert.Contains("energy_uj may not be read, and no battery tells", why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_battery_tells_watts_while_it_runs_down()
    {
        _sys.Battery("Discharging", ("power_now", 10_000_000));
        var counter = BatteryCounter.Open(_sys.Root, _time)!;
        Assert.True(counter.TryRead(out _));
        _sys.Battery("Discharging", ("power_now", 20_000_000));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.True(counter.TryRead(out var joules));
        Assert.Equal(30, joules, 9); // (10 W + 20 W) / 2 · 2 s
        _sys.Battery("Charging", ("power_now", 60_000_000));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.False(counter.TryRead(out _));

        Directory.Delete(Path.Combine(_sys.Root, "class", "power_supply"), recursive: true);
        _sys.Battery("Discharging", ("current_now", 2_000_000), ("voltage_now", 12_000_000));
        counter = BatteryCounter.Open(_sys.Root, _time)!;
        counter.TryRead(out _);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(counter.TryRead(out joules));
        Assert.Equal(24, joules, 9);
    }

    [Fact]
    public void Attempts_that_run_at_once_share_and_nothing_is_counted_twice_or_between()
    {
        _sys.Rapl("intel-rapl:0", "package-0", 0, long.MaxValue);
        using var meter = MeasuredEnergy.Open(_sys.Root, NoGpus, _time, out var found)!;
        Assert.Equal("RAPL", found);
        _sys.Put("intel-rapl:0", 5_000_000); // before anybody
        var first = meter.Begin();
        _sys.Put("intel-rapl:0", 15_000_000); // 10 J alone
        var second = meter.Begin();
        _sys.Put("intel-rapl:0", 35_000_000); // 20 J together
        Assert.Equal(20, first.End()!.Value, 9);
        _sys.Put("intel-rapl:0", 38_000_000); // 3 J for the second
        Assert.Equal(13, second.End()!.Value, 9);
        Assert.Equal(20, first.End()!.Value, 9); // ending twice changes nothing
        _sys.Put("intel-rapl:0", 99_000_000);
        var third = meter.Begin();
        Assert.Equal(0, third.End());
    }

    [Fact]
    public void A_counter_that_wraps_each_second_is_followed()
    {
        _sys.Rapl("intel-rapl:0", "package-0", 0, 1_000_000);
        using var meter = MeasuredEnergy.Open(_sys.Root, NoGpus, _time, out _)!;
        var share = meter.Begin();
        _sys.Put("intel-rapl:0", 900_000);
        _time.Advance(TimeSpan.FromSeconds(1));
        _sys.Put("intel-rapl:0", 800_000); // past its range
        Assert.Equal(1.8, share.End()!.Value, 9);
    }

    [Fact]
    public async Task A_receipt_takes_measured_joules_for_the_device_and_the_model_or_the_watts_elsewhere()
    {
        _sys.Rapl("intel-rapl:0", "package-0", 0, long.MaxValue);
        string[] answer = ["a", "b", "c"];
        var device = new ScriptedTarget("device", answer) { OnToken = () => _sys.Put("intel-rapl:0", 6_000_000) };
        device.Descriptor = device.Descriptor with { ActiveWatts = 1, PowerUsageEffectiveness = 1.5, GramsPerKilowattHour = 400 };
        var cloud = new ScriptedTarget("cloud", answer);
        cloud.Descriptor = cloud.Descriptor with { Zone = Zone.Site, ParametersBillions = 8, PowerUsageEffectiveness = 1.2 };

        using var meter = MeasuredEnergy.Open(_sys.Root, NoGpus, _time, out _)!;
        var own = (await new Conducting(_time, device) { Energy = meter }.RunAsync()).Receipt.Segments[0];
        Assert.True(own.JoulesMeasured);
        Assert.Equal(9, own.Joules, 9); // 6 J · 1.5
        Assert.Equal(9 / 3.6e6 * 400, own.Grams, 12);

        var other = (await new Conducting(_time, cloud) { Energy = meter }.RunAsync()).Receipt.Segments[0];
        Assert.False(other.JoulesMeasured);
        Assert.Equal(EnergyModel.JoulesPerToken(8) * 3 * 1.2, other.Joules, 9);
    }

    [Fact]
    public void The_model_grows_with_the_model_and_with_the_gpus_it_needs()
    {
        // 8 B: one GPU; 3600 · (1.16653e-6 · e^-0.717179 · 8 + 4.05293e-5)
        Assert.Equal(0.16230, EnergyModel.JoulesPerToken(8), 4);
        Assert.True(EnergyModel.JoulesPerToken(34) > 2 * EnergyModel.JoulesPerToken(33)); // 81.6 GB against 79.2 GB
        Assert.Equal(0, EnergyModel.JoulesPerToken(0));
        Assert.Equal(0, EnergyModel.JoulesPerToken(double.NaN));
        Assert.True(double.IsFinite(EnergyModel.JoulesPerToken(1e300)));
    }
}
