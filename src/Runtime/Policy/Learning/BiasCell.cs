namespace Hybrid.Policy.Learning;

/// <summary>What was seen of one target at one kind of task. Not thread-safe.</summary>
internal sealed class BiasCell
{
    /// <summary>How much one vote strays: it is one person's word on one answer.</summary>
    private const double VoteSpread = 0.4;

    /// <summary>How far a target usually is from its stated quality at one kind of task.</summary>
    private const double BiasSpread = 0.1;

    /// <summary>As many observations as the prior counts for.</summary>
    private const double PriorCount = VoteSpread * VoteSpread / (BiasSpread * BiasSpread);

    private const double MostPoints = 30;
    private const double MostVotes = 500;
    private const double MostOutcomes = 100;
    private double _votes;
    private double _surplus;
    private double _outcomes;
    private double _ratio = 1;

    /// <summary>When it was last used, for choosing whom to forget.</summary>
    public long UsedAt { get; set; }

    /// <summary>Mean of votes less the stated quality.</summary>
    public double Surplus => _votes == 0 ? 0 : _surplus / _votes;

    /// <summary>How much it tells of what all votes have in common.</summary>
    public double Weight => _votes == 0 ? 0 : 1 / ((BiasSpread * BiasSpread) + (VoteSpread * VoteSpread / _votes));

    /// <summary>Takes a vote less the stated quality; older ones fade once there are many.</summary>
    public void Vote(double surplus)
    {
        var kept = Math.Min(1, (MostVotes - 1) / Math.Max(_votes, 1));
        (_votes, _surplus) = ((_votes * kept) + 1, (_surplus * kept) + surplus);
    }

    /// <summary>Puts one vote in another's place.</summary>
    public void Replace(double by) => _surplus += _votes > 0 ? by : 0;

    /// <summary>Takes a measured sum over the predicted one.</summary>
    public void Measure(double ratio)
    {
        _outcomes = Math.Min(_outcomes + 1, MostOutcomes);
        _ratio += (Math.Clamp(ratio, 0.25, 4) - _ratio) / _outcomes;
    }

    /// <summary>Both shrunk towards nothing as if as many votes and outcomes as the prior counts had said so, and bounded.</summary>
    /// <param name="common">How much votes in general are above or below stated quality.</param>
    public LearnedBias Bias(double common) => new(
        Math.Clamp(100 * (Surplus - common) * Shrink(_votes), -MostPoints, MostPoints),
        Math.Clamp(1 + ((_ratio - 1) * Shrink(_outcomes)), 0.5, 2));

    private static double Shrink(double count) => count / (count + PriorCount);
}
