using Hybrid.Accounting;

namespace Hybrid.Policy;

/// <summary>What a prediction rests on where it is not measured.</summary>
internal static class AssessmentNotes
{
    public static IReadOnlyList<string> Of(in TargetSnapshot target, in Prediction prediction)
    {
        var notes = new List<string>();
        if (target.Rates.Observations == 0)
            notes.Add("latency as stated, nothing was measured yet");
        if (prediction.FirstTokenSeconds <= Prediction.LeastSeconds)
            notes.Add($"it claims no latency; {Walls.Digits(Prediction.LeastSeconds)} s counts");
        if (target.Descriptor is { Quality: null, ParametersBillions: <= 0 })
            notes.Add("neither quality nor size is known; quality counts as 0");
        else if (target.Descriptor.Quality is null)
            notes.Add("quality estimated from the size");
        if (CostModel.IsModelled(target.Descriptor))
            notes.Add($"energy by {EnergyModel.Source}, its watts are not stated");
        if (target.PriceFactor != 1)
            notes.Add($"prices times {Walls.Digits(target.PriceFactor)} by its schedule");
        if (target.Grid is { Provenance: IntensityProvenance.Default } grid)
            notes.Add($"grid intensity by default: {grid.Source}");
        return notes;
    }
}
