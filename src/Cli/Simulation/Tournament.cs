using Hybrid.Cli.Simulation.Rules;
using Hybrid.Policy;

namespace Hybrid.Cli.Simulation;

/// <summary>Runs every rule over one trace, each in a world of its own under the same weather and luck.</summary>
/// <param name="targets">As they truly are.</param>
/// <param name="policy">What ours decides by, and what all are scored by.</param>
/// <param name="walled">Whether even rules that know no walls keep them.</param>
internal sealed class Tournament(IReadOnlyList<SimulatedTarget> targets, RoutingPolicy policy, bool walled = false)
{
    private readonly Admission _admission = new(targets, policy);

    /// <summary>One row for each rule, the outcomes of all seeds together; ours is last and the oracle before it.</summary>
    public IReadOnlyList<ScoreRow> Run(string kind, double hours, IEnumerable<int> seeds)
    {
        var outcomes = new Dictionary<string, List<Outcome>>(StringComparer.Ordinal);
        foreach (var seed in seeds)
        {
            foreach (var (rule, ended) in Run(Trace.Kinds[kind](hours * 3600, seed), seed))
            {
                if (!outcomes.TryGetValue(rule, out var all))
                    outcomes[rule] = all = [];
                all.AddRange(ended);
            }
        }

        ScoreRow[] rows = [.. outcomes.Select(pair => ScoreRow.Of(pair.Key, pair.Value))];
        var oracle = rows.First(row => row.Policy == "oracle").ScorePerThousand;
        return [.. rows.Select(row => row with { ToOracle = oracle > 0 ? row.ScorePerThousand / oracle : 1 })];
    }

    private IEnumerable<(string Rule, IReadOnlyList<Outcome> Outcomes)> Run(Trace trace, int seed)
    {
        var weather = new Weather(targets, trace.Seconds, seed);
        var clock = new SimulatedClock();
        var oracle = new Oracle(targets, _admission, policy);
        var sides = new Sides(targets, policy, _admission, walled);

        // Ours goes first: two of the others get its share of the cloud.
        var hybrid = new HybridRule(targets, policy, clock);
        var ours = Play(hybrid);
        var chosen = Math.Max(1, hybrid.Chosen.Sum());
        var tokens = Math.Max(1, trace.Requests.Sum(request => (double)request.PromptTokens));
        var budget = ours.Where(outcome => outcome.LeftTheDevice).Sum(outcome => (double)outcome.Request.PromptTokens) / tokens;

        IRoutingRule[] others =
        [
            new DeviceOnly(sides),
            new CloudOnly(sides),
            new BestOnPaper(sides),
            new RandomShare(sides, [.. hybrid.Chosen.Select(times => (double)times / chosen)], seed),
            new PreferDevice(sides),
            new LowestLatency(sides, targets, clock),
            new DispatchByLength(sides, trace, budget),
            oracle,
        ];
        foreach (var rule in others)
            yield return (rule.Name, Play(rule));
        yield return (hybrid.Name, ours);

        IReadOnlyList<Outcome> Play(IRoutingRule rule)
        {
            clock.Seconds = 0;
            return new Simulator(trace, new World(targets, weather, seed), _admission, policy, rule, clock, oracle).Run();
        }
    }
}
