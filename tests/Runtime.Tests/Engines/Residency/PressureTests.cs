using Hybrid.Device;
using Hybrid.Engines.Residency;
using Hybrid.Targets;

namespace Hybrid.Tests.Engines.Residency;

/// <summary>Models leave when the device is short of memory.</summary>
public class PressureTests
{
    private readonly Pressure _pressure = new();
    private readonly Shelf _shelf;

    public PressureTests() => _shelf = new(null) { Pressure = _pressure };

    [Fact]
    public async Task Idle_models_leave_one_after_the_other_the_least_recently_used_first()
    {
        var (a, b, c) = (_shelf.Add("a", 1), _shelf.Add("b", 1), _shelf.Add("c", 1));
        foreach (var model in new[] { a, b, c }) await Shelf.ReadAsync(model);
        await Shelf.ReadAsync(a); // later than b
        _shelf.Time.Advance(Residences.PressureLook * 3);
        Assert.Equal(["+a", "+b", "+c"], _shelf.Events); // nothing leaves without need
        _pressure.IsHigh = true;
        _shelf.Time.Advance(Residences.PressureLook);
        await Shelf.UntilAsync(() => _shelf.Events.Contains("-b"));
        await Shelf.UntilAsync(() => b.State.Readiness == TargetReadiness.Cold);
        _pressure.IsHigh = false;
        _shelf.Time.Advance(Residences.PressureLook * 10);
        Assert.Equal(["+a", "+b", "+c", "-b"], _shelf.Events); // that was enough
        Assert.Equal("b12", await Shelf.ReadAsync(b)); // and it comes back when it is asked
    }

    [Fact]
    public async Task What_streams_and_what_is_pinned_stays()
    {
        var (busy, pinned) = (_shelf.Add("busy", 1), _shelf.Add("pinned", 1, pinned: true));
        await Shelf.ReadAsync(pinned);
        var stream = await Shelf.OpenAsync(busy);
        _pressure.IsHigh = true;
        _shelf.Time.Advance(Residences.PressureLook * 10);
        Assert.Equal(["+pinned", "+busy"], _shelf.Events);
        await stream.DisposeAsync();
        _shelf.Time.Advance(Residences.PressureLook);
        await Shelf.UntilAsync(() => _shelf.Events.Contains("-busy"));
        Assert.DoesNotContain("-pinned", _shelf.Events);
    }

    private sealed class Pressure : IMemoryPressure
    {
        public bool IsHigh { get; set; }

        public long? AvailableBytes => null;
    }
}
