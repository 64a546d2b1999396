using Hybrid.Policy.Log;

namespace Hybrid.Policy.Replay;

/// <summary>One logged decision, decided again under another policy.</summary>
internal sealed class ReplayedRequest
{
    private static readonly double[] Spread = [0.1, 0.3, 0.5, 0.7, 0.9];
    private readonly DecisionEntry _entry;
    private readonly RoutingPolicy _policy;
    private readonly int _logged;
    private readonly int _now;
    private Outcome? _outcome;

    public ReplayedRequest(DecisionEntry entry, RoutingPolicy policy)
    {
        (_entry, _policy) = (entry, policy);
        var targets = new TargetSnapshot[entry.Snapshots.Length];
        for (var i = 0; i < targets.Length; i++)
            targets[i] = entry.Snapshots[i] with { LearnedDollars = entry.Logged.Targets[i].Learned.Dollars(entry.Logged.Profile, entry.Snapshots[i], policy) };
        var scores = new TargetScore[targets.Length];
        _now = PolicyEngine.Score(entry.Logged.Profile, targets, policy, scores);
        var best = PolicyEngine.Score(entry.Logged.Profile, entry.Snapshots, entry.Policy, scores);
        IsReproduced = NameAt(best) == entry.Logged.Best;
        _logged = PlaceOf(entry.Logged.Chosen);
    }

    /// <summary>Who gave the answer; null where nobody was allowed.</summary>
    public string? Logged => _entry.Logged.Chosen;

    public string? Now => NameAt(_now);

    /// <summary>Whether the other policy prefers another target than the logged one did, exploration aside.</summary>
    public bool Moves => Now != _entry.Logged.Best;

    /// <summary>Whether the logged policy decides today as it did then.</summary>
    public bool IsReproduced { get; }

    public bool Explored => _entry.Logged.Explored;

    /// <summary>How likely the log's chance was to ask whom the other policy asks.</summary>
    public double Propensity => _now < 0 ? 0 : _entry.Logged.Targets[_now].Propensity;

    public bool IsComplete => _outcome?.IsComplete is true;

    /// <summary>Whether the other policy would have shown it to a zone that its class forbids; a wall prevents that, so this is checked apart from the walls.</summary>
    public bool LeaksClass => _now >= 0 && ReplayLeaks.IsForbidden(_entry.Logged.Profile.Privacy, _entry.Snapshots[_now].Descriptor.Zone.ToString());

    /// <summary>Whether the other policy would have sent it where the logged one sends nothing.</summary>
    public bool LeavesZones => _now >= 0 && ReplayLeaks.IsOutside(_entry.Policy, _entry.Snapshots[_now].Descriptor);

    public void Settle(Outcome outcome) => _outcome ??= outcome;

    /// <summary>What it took: measured, or predicted where no complete outcome is logged.</summary>
    public RequestFigures Before() => IsComplete ? Measured() : Predict(_logged, Prediction.Median);

    /// <summary>What it would take, by the doubly robust estimator of Dudík et al. 2011: the model's figure and, where the log's chance could have asked that target, what was measured beyond it over the chance.</summary>
    public double After(int metric)
    {
        if (Propensity >= 1 && IsComplete)
            return Measured()[metric];
        var model = Predict(_now, Prediction.Median, sized: Propensity == 0)[metric];
        return Propensity > 0 && _now == _logged && IsComplete ? model + ((Measured()[metric] - model) / Propensity) : model;
    }

    /// <summary>Total times that it may take, each as likely as the others: measured, or over the model's band.</summary>
    public IEnumerable<double> TotalTimes() => _now == _logged && IsComplete
        ? Enumerable.Repeat(_outcome!.TotalSeconds, Spread.Length)
        : Spread.Select(quantile => Predict(_now, quantile).Total);

    private RequestFigures Measured() => RequestFigures.Measured(_outcome!, Predict(_logged, Prediction.Median).Quality, _policy);

    /// <param name="place">Whose.</param>
    /// <param name="quantile">Of latency.</param>
    /// <param name="sized">Whether the answer's measured length counts, which makes the model better and the correction biased.</param>
    private RequestFigures Predict(int place, double quantile, bool sized = true)
    {
        var profile = _entry.Logged.Profile with { OutputTokensAtQuantile = null };
        if (sized && IsComplete && _outcome!.Targets.Count == 1)
            profile = profile with { ExpectedOutputTokens = _outcome.OutputTokens };
        return RequestFigures.Predicted(profile, _entry.Snapshots[place], _entry.Logged.Targets[place].Learned, _policy, quantile);
    }

    private string? NameAt(int place) => place < 0 ? null : _entry.Logged.Targets[place].Name;

    private int PlaceOf(string? name)
    {
        for (var i = 0; i < _entry.Logged.Targets.Count; i++)
        {
            if (_entry.Logged.Targets[i].Name == name)
                return i;
        }

        return -1;
    }
}
