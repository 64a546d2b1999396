using Hybrid.Accounting;
using Hybrid.Configuration;
using Hybrid.Policy.Log;
using Microsoft.Extensions.Logging;

namespace Hybrid.Policy.Learning;

/// <summary>Decides with what was learned, writes down what was decided and what came of it, and learns from that.</summary>
internal sealed class Experience : IAsyncDisposable
{
    private readonly Learner _learner = new();
    private readonly DecisionLog? _log;
    private readonly Func<double> _draw;

    /// <summary>Starts with what the decision log tells, where a policy learns.</summary>
    public Experience(HybridChatClientOptions options, PolicySet policies, ILogger logger)
    {
        _draw = options.Randomizer ?? new EvenChance().Draw;
        if (options.DecisionLog is not { } log)
            return;
        List<string> errors = [];
        FigureRules.Check(log, nameof(options.DecisionLog), errors);
        FigureRules.ThrowIfAny(errors);
        if (policies.All.Any(policy => policy.Learn))
            Relearning.From(log, _learner, logger);
        _log = new DecisionLog(log, options.TimeProvider, logger);
    }

    /// <summary>Decides as it would be decided now; explores nothing and writes nothing down.</summary>
    public Decision Decide(in RequestProfile profile, TargetSnapshot[] targets, RoutingPolicy policy)
    {
        Correct(profile, targets, policy);
        return PolicyEngine.Decide(profile, targets, policy);
    }

    /// <summary>Decides a request that will be sent.</summary>
    public Decision Take(string id, in RequestProfile profile, TargetSnapshot[] targets, RoutingPolicy policy)
    {
        var learned = Correct(profile, targets, policy);
        var decision = policy.ExplorationRate > 0
            ? PolicyEngine.Explore(profile, targets, policy, _draw())
            : PolicyEngine.Decide(profile, targets, policy);
        _log?.Decided(id, decision, learned);
        return decision;
    }

    public void Settle(RequestReceipt receipt)
    {
        var outcome = Outcome.Of(receipt);
        var decision = receipt.Decision;
        _learner.Settle(receipt.Id, decision.Profile, decision.Snapshots, decision.Rules, outcome);
        _log?.Settled(receipt.Id, outcome);
    }

    public void Feedback(string id, double score)
    {
        if (!(score is >= 0 and <= 1))
            throw new HybridException(HybridError.InvalidRequest, $"The feedback is {score}; use 0 (useless) to 1 (as good as can be). Nothing was learned.");
        if (!_learner.Vote(id, score))
        {
            throw new HybridException(
                HybridError.InvalidRequest,
                $"There is no answer '{(id.Length <= 64 ? id : id[..64] + "...")}' to rate. Nothing was learned. Give the ResponseId of one of this client's last {Learner.MostAnswers} answers, once it is complete.");
        }

        _log?.Rated(id, score);
    }

    public ValueTask DisposeAsync() => _log?.DisposeAsync() ?? ValueTask.CompletedTask;

    private LearnedBias[] Correct(in RequestProfile profile, TargetSnapshot[] targets, RoutingPolicy policy)
    {
        if (!policy.Learn && _log is null)
            return [];
        var learned = new LearnedBias[targets.Length];
        for (var i = 0; i < targets.Length; i++)
        {
            learned[i] = _learner.Of(profile.Tag, targets[i].Descriptor.Name);
            targets[i] = targets[i] with { LearnedDollars = learned[i].Dollars(profile, targets[i], policy) };
        }

        return learned;
    }
}
