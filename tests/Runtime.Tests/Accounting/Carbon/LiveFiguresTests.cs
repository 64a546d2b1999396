using Hybrid.Accounting;
using Hybrid.Policy;
using Hybrid.Tests.Policy;

namespace Hybrid.Tests.Accounting.Carbon;

public class LiveFiguresTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Each_target_has_its_zones_figure_and_one_without_a_zone_what_it_states()
    {
        var targets = Fill(new StaticGrid([new("DE", 380), new("FR", 60)], IntensityKind.Average), "DE", null, "fr");
        Assert.Equal([380, 445, 60], targets.Select(target => target.GramsPerKilowattHour));
        Assert.Equal([IntensityProvenance.Static, null, IntensityProvenance.Static], targets.Select(target => target.Grid?.Provenance));
    }

    [Fact]
    public void A_zone_that_is_not_known_takes_the_stated_figure_and_says_so()
    {
        var target = Fill(new StaticGrid([new("DE", 380)], IntensityKind.Average), "XX")[0];
        Assert.Equal(new GridIntensity(445, IntensityKind.Average, "zone 'XX' is not in the configured table", IntensityProvenance.Default), target.Grid);
        var decision = PolicyEngine.Decide(TestTargets.Chat, [target], PolicyPresets.Balanced);
        Assert.Contains("at 445 g/kWh (average, default: zone 'XX' is not in the configured table)", decision.Explain(), StringComparison.Ordinal);
        Assert.Contains("\"provenance\":\"Default\"", decision.ToJson(), StringComparison.Ordinal);
    }

    [Fact]
    public void Marginal_figures_count_only_where_every_target_has_one()
    {
        var grid = new StaticGrid([new("DE", 700), new("FR", 600)], IntensityKind.Marginal);
        Assert.Equal([700, 600], Fill(grid, "DE", "FR").Select(target => target.GramsPerKilowattHour));
        Assert.All(Fill(grid, "DE", "FR"), target => Assert.Equal(IntensityKind.Marginal, target.Grid!.Kind));

        var mixed = Fill(grid, "DE", null, "XX");
        Assert.All(mixed, target => Assert.Equal(445, target.GramsPerKilowattHour));
        Assert.All(mixed, target => Assert.NotEqual(IntensityKind.Marginal, target.Grid?.Kind));
        Assert.Contains("averages count for all", mixed[0].Grid!.Source, StringComparison.Ordinal);
    }

    private static TargetSnapshot[] Fill(IGridIntensitySource grid, params string?[] zones)
    {
        TargetSnapshot[] targets = [.. zones.Select((zone, i) => (TestTargets.Device with { Name = $"t{i}", GridZone = zone }).Warm())];
        LiveFigures.Fill(targets, grid, Now);
        return targets;
    }
}
