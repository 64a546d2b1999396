using Hybrid.Accounting;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;

namespace Hybrid.Tests.Accounting.Carbon;

/// <summary>Which of a machine's meters counts, and that nothing is counted twice.</summary>
public sealed class MeterChoiceTests : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly SysFolder _sys = new();
    private readonly Gpus _gpus = new();

    public void Dispose() => _sys.Dispose();

    [Fact]
    public void Rapl_and_the_gpus_are_added_up_and_let_go_together()
    {
        _sys.Rapl("intel-rapl:0", "package-0", 0, long.MaxValue);
        var meter = MeasuredEnergy.Open(_sys.Root, Open, _time, out var found)!;
        Assert.Equal("RAPL + gpus", found);
        Assert.False(meter.IsGpuAlone);
        var share = meter.Begin();
        _sys.Put("intel-rapl:0", 2_000_000);
        _gpus.Joules = 5;
        Assert.Equal(7, share.End()!.Value, 9);
        meter.Dispose();
        Assert.True(_gpus.Disposed);
    }

    [Fact]
    public void Where_either_of_two_meters_cannot_tell_nothing_is_claimed_and_the_other_goes_on()
    {
        _sys.Rapl("intel-rapl:0", "package-0", 0, long.MaxValue);
        using var meter = MeasuredEnergy.Open(_sys.Root, Open, _time, out _)!;
        var share = meter.Begin();
        (_gpus.Joules, _gpus.Tells) = (5, false);
        Assert.Null(share.End());

        _gpus.Tells = true;
        share = meter.Begin();
        File.Delete(Path.Combine(_sys.Root, "class", "powercap", "intel-rapl:0", "energy_uj"));
        _gpus.Joules = 8;
        Assert.Null(share.End());

        _sys.Put("intel-rapl:0", 1_000_000);
        share = meter.Begin();
        _gpus.Joules = 9;
        Assert.Equal(1, share.End()!.Value, 9); // nothing of the stretches before
    }

    [Fact]
    public void A_battery_feeds_the_gpus_too_so_they_are_not_even_asked()
    {
        _sys.Battery("Discharging", ("power_now", 10_000_000));
        using var meter = MeasuredEnergy.Open(_sys.Root, Open, _time, out var found);
        Assert.Equal("battery", found);
        Assert.Equal(0, _gpus.Opened);
    }

    [Fact]
    public void Without_either_the_gpus_alone_count_and_that_is_said()
    {
        using var meter = MeasuredEnergy.Open(_sys.Root, Open, _time, out var found)!;
        Assert.True(meter.IsGpuAlone);
        Assert.StartsWith("gpus (GPU alone): there is no RAPL in ", found, StringComparison.Ordinal);
        Assert.EndsWith(", and no battery tells", found, StringComparison.Ordinal);
        var share = meter.Begin();
        _gpus.Joules = 4;
        Assert.Equal(4, share.End()!.Value, 9);
    }

    [Fact]
    public void Without_any_the_reasons_of_all_are_given()
    {
        Assert.Null(MeasuredEnergy.Open(_sys.Root, None, _time, out var why));
        Assert.EndsWith(", and no battery tells; GPUs: there is no such library", why, StringComparison.Ordinal);
        _sys.Rapl("intel-rapl:0", "package-0", 0, long.MaxValue);
        using var meter = MeasuredEnergy.Open(_sys.Root, None, _time, out var found);
        Assert.Equal("RAPL", found);
    }

    [Fact]
    public async Task A_client_says_once_what_it_measures_and_lets_the_meter_go()
    {
        var target = new ScriptedTarget("device", "a", "b") { OnToken = () => _gpus.Joules += 3 };
        List<RequestReceipt> receipts = [];
        var words = new Words();
        var options = new HybridChatClientOptions { MeasurePower = true, SystemFiles = _sys.Root, GpuMeter = Open, TimeProvider = _time, Logger = words, OnReceipt = receipts.Add };
        await using (var client = new HybridChatClient([target], options))
            await client.GetResponseAsync("x");

        var segment = Assert.Single(Assert.Single(receipts).Segments);
        Assert.Equal((6.0, true), (segment.Joules, segment.JoulesMeasured));
        Assert.StartsWith("Only a part of this machine's power can be measured, gpus (GPU alone): ", Assert.Single(words.Warnings), StringComparison.Ordinal);
        Assert.True(_gpus.Disposed);
    }

    private IJouleCounter? Open(out string problem)
    {
        problem = "";
        _gpus.Opened++;
        return _gpus;
    }

    private static IJouleCounter? None(out string problem)
    {
        problem = "there is no such library";
        return null;
    }

    private sealed class Gpus : IJouleCounter, IDisposable
    {
        public string Name => "gpus";

        public double Joules { get; set; }

        public bool Tells { get; set; } = true;

        public int Opened { get; set; }

        public bool Disposed { get; private set; }

        public bool TryRead(out double joules)
        {
            joules = Joules;
            return Tells;
        }

        public void Dispose() => Disposed = true;
    }

    private sealed class Words : ILogger
    {
        public List<string> Warnings { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Warnings.Add(formatter(state, exception));
    }
}
