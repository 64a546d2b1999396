namespace Hybrid.Accounting.Predictors;

/// <summary>How many tokens the answers of one task have: an immutable estimate.</summary>
/// <remarks>
/// Kaplan and Meier 1958, doi 10.1080/01621459.1958.10501452: an answer that a limit cut off had at least that many. Beyond the longest,
/// each further token is as likely as the last one was (an exponential tail), with what is stated as one more answer.
/// </remarks>
internal sealed class LengthEstimate
{
    private readonly List<(int Tokens, double Longer)> _steps = []; // the share of answers that are longer
    private readonly int _longest;
    private readonly double _tail; // tokens that are still to come beyond the longest

    /// <param name="answers">The lengths, and which of them were cut off; at least one.</param>
    /// <param name="stated">Tokens expected before anything was seen, at least 1.</param>
    public LengthEstimate(IReadOnlyCollection<(int Tokens, bool CutOff)> answers, int stated)
    {
        var (longer, atRisk, ended) = (1.0, answers.Count, 0);
        foreach (var same in answers.GroupBy(answer => answer.Tokens).OrderBy(same => same.Key))
        {
            var whole = same.Count(answer => !answer.CutOff);
            longer *= 1 - ((double)whole / atRisk);
            atRisk -= same.Count();
            ended += whole;
            _steps.Add((_longest = same.Key, longer));
        }

        _tail = (answers.Sum(answer => (double)answer.Tokens) + stated) / (ended + 1);
    }

    /// <summary>The expected tokens of an answer that may have so many; null is any number.</summary>
    public double Mean(int? most)
    {
        var limit = most ?? double.PositiveInfinity;
        var (mean, longer, from) = (0.0, 1.0, 0.0);
        foreach (var step in _steps)
        {
            var to = Math.Min(step.Tokens, limit);
            mean += longer * (to - from);
            if (step.Tokens >= limit)
                return mean;
            (longer, from) = (step.Longer, to);
        }

        return mean + (longer * _tail * (1 - Math.Exp((from - limit) / _tail)));
    }

    /// <summary>The tokens that a share of the answers do not exceed.</summary>
    /// <param name="quantile">Above 0, below 1.</param>
    public double At(double quantile)
    {
        foreach (var step in _steps)
        {
            if (step.Longer <= 1 - quantile)
                return step.Tokens;
        }

        return _longest + (_tail * Math.Log(_steps[^1].Longer / (1 - quantile)));
    }
}
