using System.Text;
using Hybrid.Accounting;

namespace Hybrid.Policy;

/// <summary>Words for a decision.</summary>
internal static class DecisionText
{
    public static string Full(Decision decision)
    {
        var text = new StringBuilder();
        var profile = decision.Profile;
        text.Append($"policy '{decision.Policy}', {Walls.Name(profile.Privacy)} request, {profile.InputTokens} tokens in, {profile.ExpectedOutputTokens} expected");
        if (profile.TimeLeft is { } left) text.Append($", {Walls.Digits(left.TotalSeconds)} s left");
        if (profile.MaxTimeToFirstToken is { } first) text.Append($", first token within {Walls.Digits(first.TotalSeconds)} s");
        if (profile.MaxTimePerToken is { } each) text.Append($", {Walls.Digits(each.TotalSeconds)} s per token");
        if (decision.Remark is { } remark) text.Append("; ").Append(remark);
        if (decision.Deferral is { } deferral) text.Append('\n').Append(deferral);
        text.Append('\n').Append(Line(decision));
        if (decision.Bridge is not null) text.Append("\neach of them alone:");
        foreach (var target in decision.Ranking) text.Append('\n').Append("  ").Append(Admitted(target));
        foreach (var target in decision.Targets)
            if (!target.Admitted) text.Append('\n').Append("  ").Append(Removed(target));
        return text.ToString();
    }

    public static string Line(Decision decision)
    {
        if (decision.Chosen is not { } chosen)
        {
            var removed = decision.Targets.Select(target => $"{target.Name} ({target.Walls[0].Reason})");
            return decision.Targets.Count == 0 ? "no target: none is configured" : "no target: " + string.Join("; ", removed);
        }

        if (decision.Bridge is { } bridge)
            return $"{bridge.Target} speaks first, about {bridge.Tokens} tokens, until {chosen.Name} goes on after {Walls.Digits(bridge.HandoverAfter.TotalSeconds)} s: with its silence ${Walls.Digits(bridge.ScoreDollars)} " +
                (bridge.InsteadDollars is { } alone ? $"beats {bridge.Instead} alone ${Walls.Digits(alone)}" : "where nobody may answer alone");
        var line = $"{chosen.Name}: ${Walls.Digits(chosen.ScoreDollars)}";
        if (decision.Ranking.Count == 1) return line + ", the only target that may take it";
        var next = decision.Ranking[1];
        if (decision.Explored) return $"{line} explored, though {next.Name} scores ${Walls.Digits(next.ScoreDollars)}";
        return $"{line} beats {next.Name} ${Walls.Digits(next.ScoreDollars)}, mostly by {Largest(chosen, next)}";
    }

    private static string Largest(TargetAssessment chosen, TargetAssessment next)
    {
        (string Name, double Gain)[] gains =
        [
            ("price", next.PriceDollars - chosen.PriceDollars),
            ("time", next.TimeDollars - chosen.TimeDollars),
            ("carbon", next.CarbonDollars - chosen.CarbonDollars),
            ("quality", next.QualityDollars - chosen.QualityDollars),
            ("what was learned", next.LearnedDollars - chosen.LearnedDollars),
        ];
        var largest = gains.MaxBy(gain => gain.Gain);
        return largest.Gain > 0 ? $"{largest.Name} (${Walls.Digits(largest.Gain)})" : "order, the scores being equal";
    }

    private static string Admitted(TargetAssessment target) =>
        $"{target.Name} ({target.Model}, {target.Zone}): first token {Walls.Digits(target.TimeToFirstToken.TotalSeconds)} s ({Walls.Digits(target.TimeToFirstTokenBand[0].TotalSeconds)} to {Walls.Digits(target.TimeToFirstTokenBand[1].TotalSeconds)}), " +
        $"all {Walls.Digits(target.TotalTime.TotalSeconds)} s, {Walls.Digits(target.Grams)} g CO2e{Grid(target.Grid)}, quality {target.Quality:0.000}; " +
        $"score ${Walls.Digits(target.ScoreDollars)} = price {Walls.Digits(target.PriceDollars)} + time {Walls.Digits(target.TimeDollars)} " +
        $"+ carbon {Walls.Digits(target.CarbonDollars)} + quality {Walls.Digits(target.QualityDollars)}" +
        (target.LearnedDollars == 0 ? "" : $" + learned {Walls.Digits(target.LearnedDollars)}") +
        (target.Notes.Count == 0 ? "" : $" [{string.Join("; ", target.Notes)}]");

    private static string Grid(GridIntensity? grid) =>
        grid is null ? "" : $" at {Walls.Digits(grid.GramsPerKilowattHour)} g/kWh ({grid.Kind.ToString().ToLowerInvariant()}, {grid.Provenance.ToString().ToLowerInvariant()}: {grid.Source})";

    private static string Removed(TargetAssessment target) =>
        $"{target.Name} ({target.Model}, {target.Zone}): removed: {string.Join("; ", target.Walls.Select(wall => wall.Reason))}";
}
