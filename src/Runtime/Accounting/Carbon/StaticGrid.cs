using System.Collections.Frozen;

namespace Hybrid.Accounting;

/// <summary>A table of intensities that do not change.</summary>
internal sealed class StaticGrid(IEnumerable<KeyValuePair<string, double>> zones, IntensityKind kind) : IGridIntensitySource
{
    private readonly FrozenDictionary<string, GridReading> _readings = zones.ToFrozenDictionary(
        zone => zone.Key,
        zone => new GridReading(new(zone.Value, kind, "the configured table", IntensityProvenance.Static), []) { ForecastProblem = "a static table has no forecast" },
        StringComparer.OrdinalIgnoreCase);

    public GridReading Read(string zone) => _readings.TryGetValue(zone, out var reading)
        ? reading
        : new(null, []) { Problem = _readings.Count == 0 ? "no grid source is configured" : $"zone '{zone}' is not in the configured table", ForecastProblem = "there is none" };
}
