using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Configuration;

/// <summary>Reads named policies; each starts from its <c>Base</c>, a preset or another named policy.</summary>
/// <remarks>A policy that bears a preset's name and gives that name as its base refines the preset.</remarks>
internal sealed class PolicyReader(IReadOnlyList<SectionReader> sections)
{
    private readonly Dictionary<string, RoutingPolicy> _read = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<string> _open = [];

    public IReadOnlyDictionary<string, RoutingPolicy> ReadAll()
    {
        foreach (var section in sections) Read(section);
        return _read;
    }

    private RoutingPolicy Read(SectionReader section)
    {
        if (_read.TryGetValue(section.Name, out var done)) return done;
        _open.Add(section.Name);
        var start = Base(section);
        var policy = start with
        {
            Name = section.Name,
            Purpose = section.Text(nameof(start.Purpose)) ?? start.Purpose,
            LatencyQuantile = section.Number(nameof(start.LatencyQuantile)) ?? start.LatencyQuantile,
            DollarsPerSecond = section.Number(nameof(start.DollarsPerSecond)) ?? start.DollarsPerSecond,
            DollarsPerTonCarbon = section.Number(nameof(start.DollarsPerTonCarbon)) ?? start.DollarsPerTonCarbon,
            DollarsPerQualityPoint = section.Number(nameof(start.DollarsPerQualityPoint)) ?? start.DollarsPerQualityPoint,
            MaxDollarsPerRequest = section.Number(nameof(start.MaxDollarsPerRequest)) ?? start.MaxDollarsPerRequest,
            MaxGramsPerRequest = section.Number(nameof(start.MaxGramsPerRequest)) ?? start.MaxGramsPerRequest,
            MaxTimeToFirstToken = section.Time(nameof(start.MaxTimeToFirstToken)) ?? start.MaxTimeToFirstToken,
            MaxTimePerToken = section.Time(nameof(start.MaxTimePerToken)) ?? start.MaxTimePerToken,
            MinBattery = section.Number(nameof(start.MinBattery)) ?? start.MinBattery,
            MaxCelsius = section.Number(nameof(start.MaxCelsius)) ?? start.MaxCelsius,
            AvoidMetered = section.Flag(nameof(start.AvoidMetered)) ?? start.AvoidMetered,
            AllowedTargets = section.List(nameof(start.AllowedTargets), static (items, key) => items.Text(key)) ?? start.AllowedTargets,
            AllowedZones = section.List<Zone?>(nameof(start.AllowedZones), static (items, key) => items.Zone(key))?.OfType<Zone>().ToArray() ?? start.AllowedZones,
            Offline = section.Flag(nameof(start.Offline)) ?? start.Offline,
            ExpectedOutputTokens = section.Whole(nameof(start.ExpectedOutputTokens)) ?? start.ExpectedOutputTokens,
            OutputTokensBound = section.Whole(nameof(start.OutputTokensBound)) ?? start.OutputTokensBound,
            ExplorationRate = section.Number(nameof(start.ExplorationRate)) ?? start.ExplorationRate,
            MaxExplorationDollars = section.Number(nameof(start.MaxExplorationDollars)) ?? start.MaxExplorationDollars,
            Learn = section.Flag(nameof(start.Learn)) ?? start.Learn,
            Handover = section.Flag(nameof(start.Handover)) ?? start.Handover,
            HedgeAfter = section.Time(nameof(start.HedgeAfter)) ?? start.HedgeAfter,
            MaxTokenGap = section.Time(nameof(start.MaxTokenGap)) ?? start.MaxTokenGap,
            MinConfidence = section.Number(nameof(start.MinConfidence)) ?? start.MinConfidence,
            TokensPerSecond = section.Number(nameof(start.TokensPerSecond)) ?? start.TokensPerSecond,
        };
        FigureRules.Check(policy, section.Path, section.Errors);
        section.RefuseUnknown();
        _open.RemoveAt(_open.Count - 1);
        return _read[section.Name] = policy;
    }

    private RoutingPolicy Base(SectionReader section)
    {
        if (section.Text("Base") is not { } name) return PolicyPresets.Balanced;
        var own = string.Equals(name, section.Name, StringComparison.OrdinalIgnoreCase);
        if (own && PolicyPresets.TryGet(name, out var refined)) return refined;

        if (_open.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            section.Error("Base", $"the policies form a circle: {string.Join(" -> ", _open)} -> {name}");
            return PolicyPresets.Balanced;
        }

        if (sections.FirstOrDefault(other => string.Equals(other.Name, name, StringComparison.OrdinalIgnoreCase)) is { } found) return Read(found);
        if (PolicyPresets.TryGet(name, out var preset)) return preset;
        section.Error("Base", $"there is no policy '{name}'; use a preset ({string.Join(", ", PolicyPresets.All.Select(policy => policy.Name))}) or another named policy");
        return PolicyPresets.Balanced;
    }
}
