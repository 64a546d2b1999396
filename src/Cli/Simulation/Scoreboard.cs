namespace Hybrid.Cli.Simulation;

/// <summary>One policy's row: what its requests took on average, over one run or several.</summary>
internal sealed record ScoreRow
{
    public required string Policy { get; init; }

    public required int Requests { get; init; }

    /// <summary>Seconds, over requests with a first token.</summary>
    public required double MeanFirstToken { get; init; }

    public required double MedianFirstToken { get; init; }

    public required double P99FirstToken { get; init; }

    /// <summary>Seconds, over answered requests.</summary>
    public required double MeanTotal { get; init; }

    public required double DollarsPerThousand { get; init; }

    public required double GramsPerThousand { get; init; }

    /// <summary>Over answered requests, 0 to 1.</summary>
    public required double MeanQuality { get; init; }

    /// <summary>Requests without a whole answer.</summary>
    public required int Failures { get; init; }

    /// <summary>Requests that a zone saw which may not.</summary>
    public required int Violations { get; init; }

    /// <summary>Share of the requests that left the device, 0 to 1.</summary>
    public required double OffDevice { get; init; }

    /// <summary>Dollars per 1,000 requests, every term.</summary>
    public required double ScorePerThousand { get; init; }

    /// <summary>The score over the least that each choice could have ended in, in the world as this rule had left it.</summary>
    public required double ToHindsight { get; init; }

    /// <summary>The score over the oracle's.</summary>
    public double ToOracle { get; init; } = 1;

    public static ScoreRow Of(string policy, IReadOnlyCollection<Outcome> outcomes)
    {
        double[] first = [.. outcomes.Where(outcome => outcome.FirstTokenSeconds is not null).Select(outcome => outcome.FirstTokenSeconds!.Value).Order()];
        Outcome[] answered = [.. outcomes.Where(outcome => outcome.Answered)];
        return new()
        {
            Policy = policy,
            Requests = outcomes.Count,
            MeanFirstToken = first.DefaultIfEmpty().Average(),
            MedianFirstToken = Quantile(first, 0.5),
            P99FirstToken = Quantile(first, 0.99),
            MeanTotal = answered.Select(outcome => outcome.Seconds).DefaultIfEmpty().Average(),
            DollarsPerThousand = PerThousand(outcome => outcome.Dollars),
            GramsPerThousand = PerThousand(outcome => outcome.Grams),
            MeanQuality = answered.Select(outcome => outcome.Quality).DefaultIfEmpty().Average(),
            Failures = outcomes.Count - answered.Length,
            Violations = outcomes.Count(outcome => outcome.Leaked),
            OffDevice = outcomes.Select(outcome => outcome.LeftTheDevice ? 1.0 : 0).DefaultIfEmpty().Average(),
            ScorePerThousand = PerThousand(outcome => outcome.Score),
            ToHindsight = outcomes.Sum(outcome => outcome.LeastScore) is > 0 and var least ? outcomes.Sum(outcome => outcome.Score) / least : 1,
        };

        double PerThousand(Func<Outcome, double> figure) => outcomes.Select(figure).DefaultIfEmpty().Average() * 1000;
    }

    /// <summary>The least value that so many do not exceed.</summary>
    private static double Quantile(double[] sorted, double level) => sorted.Length == 0 ? 0 : sorted[Math.Max(0, (int)Math.Ceiling(level * sorted.Length) - 1)];
}
