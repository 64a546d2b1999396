using System.Text.Json.Serialization;
using Hybrid.Accounting;
using Hybrid.Targets;

namespace Hybrid.Policy;

/// <summary>What the policy predicted of one target, and what came of it.</summary>
public sealed class TargetAssessment
{
    private const double BandLow = 0.025;
    private const double BandHigh = 0.975;
    private readonly TargetScore _score;

    internal TargetAssessment(in RequestProfile profile, in TargetSnapshot target, RoutingPolicy policy, in TargetScore score)
    {
        _score = score;
        (Name, Model, Zone) = (target.Descriptor.Name, target.Descriptor.Model, target.Descriptor.Zone);
        Walls = Policy.Walls.Reasons(score.Walls, profile, target, policy, score.Prediction);
        TimeToFirstTokenBand = [Seconds(profile, target, BandLow), Seconds(profile, target, BandHigh)];
        Observations = target.Rates.Observations;
        FailureProbability = target.Rates.FailureProbability;
        Notes = AssessmentNotes.Of(target, score.Prediction);
        Grid = target.Grid;
        EmbodiedGrams = CostModel.EmbodiedGrams(target.Descriptor, Prediction.Span(score.Prediction.BusySeconds));
    }

    /// <summary>The target's name.</summary>
    public string Name { get; }

    /// <summary>The model it decodes with.</summary>
    public string Model { get; }

    /// <summary>Where the data would go.</summary>
    public Zone Zone { get; }

    /// <summary>Every wall that removed it; empty where it may be used.</summary>
    public IReadOnlyList<WallReason> Walls { get; }

    /// <summary>Whether it may be used.</summary>
    public bool Admitted => _score.Admitted;

    /// <summary>Queue, cold start, round trip and prefill, at the policy's quantile; in JSON, seconds.</summary>
    [JsonPropertyName("timeToFirstTokenSeconds")]
    public TimeSpan TimeToFirstToken => Prediction.Span(_score.Prediction.FirstTokenSeconds);

    /// <summary>Between these two the first token comes 95 times of 100; in JSON, seconds.</summary>
    [JsonPropertyName("timeToFirstTokenBandSeconds")]
    public IReadOnlyList<TimeSpan> TimeToFirstTokenBand { get; }

    /// <summary>Time to the last expected token, at the policy's quantile; in JSON, seconds.</summary>
    [JsonPropertyName("totalTimeSeconds")]
    public TimeSpan TotalTime => Prediction.Span(_score.Prediction.TotalSeconds);

    /// <summary>Answers that the prediction was learned from; 0: the stated figures.</summary>
    public int Observations { get; }

    /// <summary>How likely an attempt fails, 0 to 1.</summary>
    public double FailureProbability { get; }

    /// <summary>Energy in joules.</summary>
    public double Joules => _score.Prediction.Joules;

    /// <summary>Operational emission in grams CO2e, E·I: what the policy decides by.</summary>
    public double Grams => _score.Prediction.Grams;

    /// <summary>The grid intensity behind the grams, of which kind it is and who says so.</summary>
    /// <value>Null: the target's stated average.</value>
    public GridIntensity? Grid { get; }

    /// <summary>The share of making the hardware in grams CO2e, M: reported, not decided by.</summary>
    public double EmbodiedGrams { get; }

    /// <summary>E·I + M, the request's SCI of ISO/IEC 21031, in grams CO2e.</summary>
    public double SciGrams => Grams + EmbodiedGrams;

    /// <summary>Quality from 0 to 1.</summary>
    public double Quality => _score.Quality;

    /// <summary>The price in dollars; the first term of the score.</summary>
    public double PriceDollars => _score.PriceDollars;

    /// <summary>The total time at the policy's price of waiting, and once more as likely as the attempt fails.</summary>
    public double TimeDollars => _score.TimeDollars;

    /// <summary>The emission at the policy's price of carbon.</summary>
    public double CarbonDollars => _score.CarbonDollars;

    /// <summary>The quality lost against the best admitted target, at the policy's price of a point; 0 where removed.</summary>
    public double QualityDollars => _score.QualityDollars;

    /// <summary>What feedback taught about such requests here; positive speaks against it.</summary>
    public double LearnedDollars => _score.LearnedDollars;

    /// <summary>The sum of the terms; the lowest wins.</summary>
    public double ScoreDollars => _score.ScoreDollars;

    /// <summary>Where a figure is not measured but assumed.</summary>
    public IReadOnlyList<string> Notes { get; }

    private static TimeSpan Seconds(in RequestProfile profile, in TargetSnapshot target, double quantile) =>
        Prediction.Span(Prediction.Of(profile, target, quantile).FirstTokenSeconds);
}
