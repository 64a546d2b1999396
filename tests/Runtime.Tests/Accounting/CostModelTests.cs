using System.Text.Json;
using Hybrid.Accounting;
using Hybrid.Targets;
using Hybrid.Tests.Streaming;

namespace Hybrid.Tests.Accounting;

public class CostModelTests
{
    private static readonly TargetDescriptor Target = new() { Name = "t", Model = "m", Zone = Zone.Device };

    [Theory]
    [InlineData(null, 1, 0.329)]
    [InlineData(null, 10, 0.455)]
    [InlineData(null, 100, 0.581)]
    [InlineData(null, 0.001, 0)] // 0.329 - 0.378
    [InlineData(null, 1e9, 1)]
    [InlineData(null, 0, 0)]
    [InlineData(0.9, 1, 0.9)]
    public void Quality_is_measured_else_estimated_else_nothing(double? measured, double billions, double quality) =>
        Assert.Equal(quality, CostModel.Quality(Target with { Quality = measured, ParametersBillions = billions }), 9);

    [Fact]
    public void A_kilowatt_hour_emits_the_grids_intensity_and_a_ton_costs_its_price()
    {
        var hour = Target with { ActiveWatts = 500, PowerUsageEffectiveness = 2 };
        Assert.Equal(3.6e6, CostModel.Joules(hour, 100, TimeSpan.FromHours(1)), 3);
        Assert.Equal(445, CostModel.Grams(3.6e6, hour.GramsPerKilowattHour), 9);
        Assert.Equal(190, CostModel.CarbonDollars(1e6, 190), 9);
    }

    [Fact]
    public async Task A_receipt_sums_its_segments_and_says_so_in_json()
    {
        string[] answer = ["a", "b", "c"];
        var run = await new Conducting(new(), new ScriptedTarget("x", answer) { FailAfter = 2, HeldBack = 1 }, new ScriptedTarget("y", answer)).RunAsync();
        using var json = JsonDocument.Parse(run.Receipt.ToJson());
        var root = json.RootElement;
        Assert.Equal((4, 1, 1), (root.GetProperty("outputTokens").GetInt32(), root.GetProperty("wastedTokens").GetInt32(), root.GetProperty("failovers").GetInt32()));
        Assert.Equal("Stop", root.GetProperty("finish").GetString());
        Assert.Equal("TargetUnavailable", root.GetProperty("segments")[0].GetProperty("error").GetString());
        Assert.Equal("device", root.GetProperty("segments")[1].GetProperty("zone").GetString());
        Assert.Equal("x", root.GetProperty("decision").GetProperty("chosen").GetString());
    }
}
