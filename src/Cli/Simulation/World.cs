using Hybrid.Accounting;
using Hybrid.Targets;

namespace Hybrid.Cli.Simulation;

/// <summary>The targets as one policy's choices left them: slots, warmth, and what a client can see of it.</summary>
/// <remarks>
/// A queue is first come, first served, and how long each request takes is fixed by its key; so all of an attempt is known when it is
/// asked. <see cref="Foresee"/> says it without changing anything; <see cref="Begin"/> makes it so.
/// </remarks>
internal sealed class World
{
    /// <summary>Seconds between two health checks.</summary>
    public const double CheckEvery = 10;

    private const double RefusedAfter = 0.25; // a target that is down refuses
    private const double LostAfter = 2; // a network that is down says nothing; connecting gives up
    private readonly int _seed;
    private readonly Weather _weather;
    private readonly TargetCondition[] _conditions;

    public World(IReadOnlyList<SimulatedTarget> targets, Weather weather, int seed)
    {
        (Targets, _weather, _seed) = (targets, weather, seed);
        _conditions = [.. targets.Select(target => new TargetCondition(target))];
    }

    public IReadOnlyList<SimulatedTarget> Targets { get; }

    /// <summary>What a client knows: its own requests at once, health as of the last check or of what it met since.</summary>
    public TargetState Seen(int target, double now)
    {
        var condition = _conditions[target];
        var check = Math.Floor(now / CheckEvery) * CheckEvery;
        var (busy, queue) = condition.Load(now);
        var slots = Targets[target].Slots;
        if (condition.FaultAt >= check || _weather.IsDown(target, check))
            return new(TargetReadiness.Unavailable, "out of reach", queue, busy, slots);
        var readiness = Readiness(target, Math.Max(check, condition.MetAt));
        return new(readiness, "", queue, busy, slots);
    }

    public double GramsPerKilowattHour(int target, double now) => _weather.GramsPerKilowattHour(target, now);

    /// <summary>What the target would make of a request that is asked now and of which some tokens were delivered before.</summary>
    /// <param name="target">Which target.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="delivered">Tokens that others delivered; they are prefilled, not decoded again.</param>
    /// <param name="at">When it is asked.</param>
    /// <param name="cutAt">When the client gives up on it, besides the request's deadline.</param>
    public SimulatedAttempt Foresee(int target, TraceRequest request, int delivered, double at, double cutAt = double.PositiveInfinity)
    {
        var one = Targets[target];
        var descriptor = one.Descriptor;
        var attempt = new SimulatedAttempt
        {
            Target = target,
            Descriptor = descriptor,
            AskedAt = at,
            EndAt = at,
            InputTokens = request.PromptTokens + delivered,
            ReportsTimes = one.ReportsTimes,
            GramsPerKilowattHour = _weather.GramsPerKilowattHour(target, at),
        };
        if (_weather.IsDown(target, at))
            return Cut(Lost(attempt, at + (_weather.NetworkIsDown(target, at) ? LostAfter : RefusedAfter)), request, cutAt);

        var readiness = Readiness(target, at);
        var cold = readiness is TargetReadiness.Cold or TargetReadiness.Warming;
        var ready = cold ? ReadyAt(target, at, request) : at;
        var served = _conditions[target].FreeAt(ready);
        var slowness = _weather.Slowness(target, at);
        var tokens = request.OutputTokens - delivered;
        var firstNoise = slowness * Math.Exp(one.FirstTokenNoise * Draw.Normal(_seed, Draws.FirstToken, request.Id, target)) * Straggle(one, request, target);
        var prefill = (request.PromptTokens + delivered) / descriptor.PrefillTokensPerSecond * firstNoise;
        var perToken = slowness * Math.Exp(one.PerTokenNoise * Draw.Normal(_seed, Draws.PerToken, request.Id, target)) / descriptor.DecodeTokensPerSecond;
        var first = served + (descriptor.RoundTrip.TotalSeconds * firstNoise) + prefill;
        attempt = attempt with
        {
            Reached = true,
            Cold = cold,
            Woke = readiness == TargetReadiness.Cold,
            ReadyAt = ready,
            ServedAt = served,
            PrefillSeconds = prefill,
            FirstTokenAt = first,
            EndAt = first + ((tokens - 1) * perToken),
            OutputTokens = tokens,
            Finish = RequestFinish.Stop,
        };
        return Cut(WithFault(attempt, one, request), request, cutAt);
    }

    /// <summary>Lets it happen.</summary>
    public void Begin(SimulatedAttempt attempt)
    {
        var condition = _conditions[attempt.Target];
        if (attempt.Reached)
            condition.Take(attempt);
    }

    /// <summary>Lets the client know of a fault.</summary>
    public void End(SimulatedAttempt attempt)
    {
        var condition = _conditions[attempt.Target];
        condition.MetAt = Math.Max(condition.MetAt, attempt.FirstTokenAt ?? 0);
        if (attempt.Error == HybridError.TargetUnavailable && attempt.FirstTokenAt is null)
            condition.FaultAt = attempt.EndAt;
    }

    private TargetReadiness Readiness(int target, double at)
    {
        if (!Targets[target].ScalesToZero)
            return TargetReadiness.Warm;
        var own = _conditions[target].Warmth(at);
        if (own == TargetReadiness.Warm || _weather.OthersKeepWarm(target, at) is not { } others)
            return own;

        // Somebody else woke it when their stretch began.
        return at >= others.From + Targets[target].Descriptor.ColdStart.TotalSeconds ? TargetReadiness.Warm : TargetReadiness.Warming;
    }

    private double ReadyAt(int target, double at, TraceRequest request)
    {
        var one = Targets[target];
        var stated = one.Descriptor.ColdStart.TotalSeconds;
        if (_conditions[target].Warmth(at) == TargetReadiness.Warming)
            return _conditions[target].ReadyAt;
        if (_weather.OthersKeepWarm(target, at) is { } others)
            return others.From + stated;
        return at + Math.Clamp(stated * Math.Exp(one.ColdStartNoise * Draw.Normal(_seed, Draws.ColdStart, request.Id, target)), Math.Min(stated, 5), Math.Max(stated, 90));
    }

    private double Straggle(SimulatedTarget one, TraceRequest request, int target)
    {
        if (one.Stragglers <= 0)
            return 1;
        var drawn = Draw.Uniform(_seed, Draws.Straggler, request.Id, target) / one.Stragglers;
        return drawn < 1 ? 3 + (5 * drawn) : 1;
    }

    private SimulatedAttempt WithFault(SimulatedAttempt attempt, SimulatedTarget one, TraceRequest request)
    {
        var drawn = Draw.Uniform(_seed, Draws.Failure, request.Id, attempt.Target) / Math.Max(one.Failures, 1e-12);
        var fault = drawn switch
        {
            < 0.5 => attempt.FirstTokenAt!.Value,
            < 1 => attempt.FirstTokenAt!.Value + ((attempt.EndAt - attempt.FirstTokenAt.Value) * Draw.Uniform(_seed, Draws.FailurePlace, request.Id, attempt.Target)),
            _ => double.PositiveInfinity,
        };
        fault = Math.Min(fault, _weather.NextOutage(attempt.Target, attempt.AskedAt));
        return fault < attempt.EndAt || fault == attempt.FirstTokenAt ? Lost(attempt, fault) : attempt;
    }

    private static SimulatedAttempt Lost(SimulatedAttempt attempt, double at) => End(attempt, at) with { Finish = RequestFinish.Failed, Error = HybridError.TargetUnavailable };

    private static SimulatedAttempt Cut(SimulatedAttempt attempt, TraceRequest request, double cutAt)
    {
        if (attempt.EndAt <= Math.Min(cutAt, request.Deadline))
            return attempt;
        return cutAt < request.Deadline
            ? End(attempt, Math.Max(cutAt, attempt.AskedAt)) with { Finish = RequestFinish.Cancelled, Error = null }
            : End(attempt, Math.Max(request.Deadline, attempt.AskedAt)) with { Finish = RequestFinish.DeadlineExceeded, Error = HybridError.DeadlineExceeded };
    }

    private static SimulatedAttempt End(SimulatedAttempt attempt, double at)
    {
        if (attempt.FirstTokenAt is not { } first || at <= first)
            return attempt with { EndAt = at, FirstTokenAt = null, OutputTokens = 0 };
        var share = (at - first) / Math.Max(attempt.EndAt - first, 1e-9);
        return attempt with { EndAt = at, OutputTokens = Math.Clamp(1 + (int)((attempt.OutputTokens - 1) * share), 1, Math.Max(1, attempt.OutputTokens - 1)) };
    }
}
