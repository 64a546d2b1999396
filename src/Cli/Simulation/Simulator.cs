using Hybrid.Accounting;
using Hybrid.Cli.Simulation.Rules;
using Hybrid.Policy;

namespace Hybrid.Cli.Simulation;

/// <summary>Runs one rule over one trace in virtual time: one queue of events, no threads, no clock but its own.</summary>
/// <param name="trace">What is asked, and when.</param>
/// <param name="world">The targets; not used before.</param>
/// <param name="admission">The lasting walls.</param>
/// <param name="policy">What a second, a ton and a point are worth.</param>
/// <param name="rule">Who chooses.</param>
/// <param name="clock">Moved from event to event.</param>
/// <param name="hindsight">Says, at each choice, what the best one would have been; null: nobody asks.</param>
internal sealed class Simulator(Trace trace, World world, Admission admission, RoutingPolicy policy, IRoutingRule rule, SimulatedClock clock, Oracle? hindsight = null)
{
    private readonly PriorityQueue<Action, (double At, int Order)> _events = new();
    private readonly List<Outcome> _outcomes = [];
    private int _order;

    /// <summary>What became of each request, in the order they ended.</summary>
    public IReadOnlyList<Outcome> Run()
    {
        foreach (var request in trace.Requests)
            At(request.At, () => Arrive(request));
        while (_events.TryDequeue(out var happen, out var when))
        {
            clock.Seconds = when.At;
            happen();
        }

        return _outcomes;
    }

    private void Arrive(TraceRequest request)
    {
        var least = hindsight?.LeastScore(request, world, clock.Seconds) ?? 0;
        var route = rule.Choose(request, world, clock.Seconds);
        var run = new Asked(request, route.Order, least);
        if (route is { Race: true, Order.Count: > 1 })
            Race(run);
        else
            AskNext(run);
    }

    private void AskNext(Asked run)
    {
        if (run.Next == run.Order.Count)
        {
            End(run, answered: false);
            return;
        }

        Ask(run, world.Foresee(run.Order[run.Next++], run.Request, run.Delivered, clock.Seconds));
    }

    private void Ask(Asked run, SimulatedAttempt attempt)
    {
        world.Begin(attempt);
        run.Attempts.Add(attempt);
        At(attempt.EndAt, () =>
        {
            world.End(attempt);
            run.Delivered += attempt.OutputTokens;
            if (attempt.Completed)
                End(run, answered: true);
            else if (attempt.Error == HybridError.DeadlineExceeded)
                End(run, answered: false);
            else
                AskNext(run);
        });
    }

    /// <summary>Both are asked; whoever speaks first goes on, and the other is cancelled then.</summary>
    private void Race(Asked run)
    {
        var one = world.Foresee(run.Order[0], run.Request, 0, clock.Seconds);
        var other = world.Foresee(run.Order[1], run.Request, 0, clock.Seconds);
        var otherWins = (other.FirstTokenAt ?? double.PositiveInfinity) < (one.FirstTokenAt ?? double.PositiveInfinity);
        var (winner, loser) = otherWins ? (other, one) : (one, other);
        run.Next = 2;
        if (winner.FirstTokenAt is { } first)
            loser = world.Foresee(loser.Target, run.Request, 0, clock.Seconds, cutAt: first);
        else if (loser.EndAt > winner.EndAt)
            (winner, loser) = (loser, winner); // neither speaks: the race ends with the later of the two
        world.Begin(loser);
        run.Attempts.Add(loser);
        At(loser.EndAt, () => world.End(loser));
        Ask(run, winner);
    }

    private void End(Asked run, bool answered)
    {
        rule.Settle(run.Request, [.. run.Attempts.Select(attempt => attempt.Receipt())], answered ? RequestFinish.Stop : RequestFinish.Failed);
        _outcomes.Add(Outcome.Of(run.Request, run.Attempts, clock.Seconds, answered, policy, admission.BestQuality(run.Request)) with { LeastScore = run.LeastScore });
    }

    private void At(double at, Action happen) => _events.Enqueue(happen, (at, _order++));

    /// <summary>One request on its way.</summary>
    private sealed class Asked(TraceRequest request, IReadOnlyList<int> order, double leastScore)
    {
        public TraceRequest Request => request;

        public IReadOnlyList<int> Order => order;

        public double LeastScore => leastScore;

        public List<SimulatedAttempt> Attempts { get; } = [];

        /// <summary>The place in the order of who is asked next.</summary>
        public int Next { get; set; }

        public int Delivered { get; set; }
    }
}
