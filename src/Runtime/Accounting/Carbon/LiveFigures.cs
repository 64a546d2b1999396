using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Accounting;

/// <summary>Puts what holds at this hour beside the targets: the grid that feeds each, and what its schedule makes of its prices.</summary>
internal static class LiveFigures
{
    public static void Fill(Span<TargetSnapshot> targets, IGridIntensitySource? grid, DateTimeOffset now)
    {
        foreach (ref var target in targets)
        {
            if (target.Descriptor.Schedule is { } schedule) target = target with { PriceFactor = schedule.FactorAt(now) };
            if (grid is not null && target.Descriptor.GridZone is { } zone) target = target with { Grid = Of(target, grid.Read(zone)) };
        }

        Unmix(targets);
    }

    /// <summary>Waits for the first word on the grids of these targets, each zone once.</summary>
    public static async ValueTask ReadyAsync(IGridIntensitySource grid, IEnumerable<TargetDescriptor> targets, CancellationToken cancellationToken)
    {
        foreach (var zone in targets.Select(target => target.GridZone).OfType<string>().Distinct(StringComparer.OrdinalIgnoreCase))
            await grid.ReadyAsync(zone, cancellationToken);
    }

    private static GridIntensity Of(in TargetSnapshot target, GridReading reading) => reading.Current ?? Stated(target, reading.Problem);

    /// <summary>Average and marginal figures cannot be compared: where some target has only an average, the stated averages count for all.</summary>
    private static void Unmix(Span<TargetSnapshot> targets)
    {
        var (marginal, average) = (false, false);
        foreach (ref readonly var target in targets)
        {
            if (target.Grid is { Kind: IntensityKind.Marginal }) marginal = true;
            else average = true;
        }

        if (!marginal || !average) return;
        foreach (ref var target in targets)
        {
            if (target.Grid is { Kind: IntensityKind.Marginal })
                target = target with { Grid = Stated(target, "marginal figures are not known for every target, so averages count for all") };
        }
    }

    private static GridIntensity Stated(in TargetSnapshot target, string why) =>
        new(target.Descriptor.GramsPerKilowattHour, IntensityKind.Average, why, IntensityProvenance.Default);
}
