using Hybrid.Policy.Log;

namespace Hybrid.Policy.Replay;

/// <summary>Decides a log again under another policy, from what was logged, and sums up what would have changed.</summary>
/// <remarks>
/// <para>What the other policy would have changed about the state (queues, what was learned, budgets) is not known: every decision is
/// made as if the ones before had gone as logged. The other policy's own exploration is left out.</para>
/// <para>Intervals are of the mean over requests that are drawn independently. They do not hold the model's own error.</para>
/// </remarks>
internal sealed class PolicyReplay(RoutingPolicy policy)
{
    private readonly List<ReplayedRequest> _requests = [];
    private readonly Dictionary<string, ReplayedRequest> _byId = [];
    private readonly SortedDictionary<string, int> _policies = new(StringComparer.Ordinal);

    /// <summary>Decides every decision of some files again.</summary>
    /// <param name="paths">Files of one log, the oldest first.</param>
    /// <param name="policy">The other policy.</param>
    public static ReplayReport Run(IReadOnlyList<string> paths, RoutingPolicy policy)
    {
        var reader = new LogReader();
        var replay = new PolicyReplay(policy);
        foreach (var entry in reader.Read(paths))
            replay.Add(entry);
        return replay.Report() with { DamagedLines = reader.Damaged, FirstDamage = reader.FirstDamage, LostDecisions = reader.LostDecisions };
    }

    public void Add(LogEntry entry)
    {
        if (entry is DecisionEntry decision && !_byId.ContainsKey(entry.Id))
        {
            var request = new ReplayedRequest(decision, policy);
            _requests.Add(request);
            _byId[entry.Id] = request;
            _policies[decision.Logged.Policy] = _policies.GetValueOrDefault(decision.Logged.Policy) + 1;
        }
        else if (entry is OutcomeEntry settled && _byId.TryGetValue(entry.Id, out var request))
        {
            request.Settle(settled.Outcome);
        }
    }

    public ReplayReport Report()
    {
        var served = _requests.Where(request => request.Logged is not null).ToList();
        var serves = _requests.Where(request => request.Now is not null).ToList();
        var corrected = serves.Count(request => request.Propensity > 0);
        return new()
        {
            Policy = policy.Name,
            Version = policy.Version,
            Decisions = _requests.Count,
            Complete = _requests.Count(request => request.IsComplete),
            LoggedPolicies = _policies,
            Explored = _requests.Count(request => request.Explored),
            Moved = _requests.Count(request => request.Moves),
            NewlyWithoutTarget = _requests.Count(request => request is { Logged: not null, Now: null }),
            NewlyWithTarget = _requests.Count(request => request is { Logged: null, Now: not null }),
            PrivacyLeaks = _requests.Count(request => request.LeaksClass),
            OutsideLoggedPolicy = _requests.Count(request => request.LeavesZones),
            Targets = Targets(),
            Metrics = [.. RequestFigures.Names.Select((name, metric) => new ReplayMetric(
                name,
                RequestFigures.Units[metric],
                Estimate.Of([.. served.Select(request => request.Before()[metric])]),
                Estimate.Of([.. serves.Select(request => request.After(metric))])))],
            TotalTimeP95Before = P95(served.Select(request => request.Before().Total)),
            TotalTimeP95After = P95(serves.SelectMany(request => request.TotalTimes())),
            Method = Method(serves, corrected),
            Corrected = corrected,
            ModelOnly = serves.Count - corrected,
            NotReproduced = _requests.Count(request => !request.IsReproduced),
            DamagedLines = 0,
            FirstDamage = "",
            LostDecisions = 0,
        };
    }

    private static string Method(List<ReplayedRequest> serves, int corrected)
    {
        var certain = serves.Count(request => request.Propensity >= 1);
        if (serves.Count == 0)
            return "none: it serves no request";
        if (certain == serves.Count)
            return "measured: no request moves, and none was explored";
        if (corrected == serves.Count)
            return "doubly robust: each request's target had a chance to be asked in the log";
        return certain == corrected
            ? "direct: what does not move is measured, what moves is predicted by the model, since the log never tried it; the intervals do not hold the model's error"
            : "doubly robust where the request's target had a chance to be asked in the log, direct (the model's prediction) for the others; the intervals do not hold the model's error";
    }

    private static double? P95(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count == 0 ? null : sorted[(int)Math.Ceiling(0.95 * sorted.Count) - 1];
    }

    private IReadOnlyList<ReplayTarget> Targets()
    {
        var before = Count(_requests.Select(request => request.Logged));
        var after = Count(_requests.Select(request => request.Now));
        return [.. before.Keys.Union(after.Keys).Order(StringComparer.Ordinal).Select(name => new ReplayTarget(name, before.GetValueOrDefault(name), after.GetValueOrDefault(name)))];

        static Dictionary<string, int> Count(IEnumerable<string?> names) => names.OfType<string>().CountBy(name => name).ToDictionary();
    }
}
