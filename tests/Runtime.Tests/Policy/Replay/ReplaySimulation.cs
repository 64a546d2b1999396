using Hybrid.Accounting;
using Hybrid.Policy;
using Hybrid.Policy.Learning;
using Hybrid.Policy.Log;
using Hybrid.Policy.Replay;
using Hybrid.Targets;

namespace Hybrid.Tests.Policy.Replay;

/// <summary>Requests on two targets whose stated figures are wrong in a known way, so that the truth is known.</summary>
internal sealed class ReplaySimulation(int seed)
{
    private readonly Random _random = new(seed);
    private int _count;

    private static TargetDescriptor Near { get; } = TestTargets.Device with { Name = "near", Zone = Zone.Device, Quality = 0.5 };

    private static TargetDescriptor Far { get; } = TestTargets.Device with { Name = "far", Zone = Zone.Public, Quality = 0.7, DecodeTokensPerSecond = 60, DollarsPerMillionOutputTokens = 3 };

    /// <summary>Mean total time that another policy would have, over many requests and without noise.</summary>
    public double Truth(RoutingPolicy policy, int requests)
    {
        var sum = 0.0;
        for (var i = 0; i < requests; i++)
        {
            var profile = AnyProfile();
            var targets = Targets();
            var scores = new TargetScore[2];
            var chosen = PolicyEngine.Score(profile, targets, policy, scores);
            sum += MeanSeconds(profile, targets[chosen]);
        }

        return sum / requests;
    }

    public IEnumerable<LogEntry> Log(RoutingPolicy policy, int requests)
    {
        for (var i = 0; i < requests; i++)
        {
            var (profile, targets) = (AnyProfile(), Targets());
            var decision = PolicyEngine.Explore(profile, targets, policy, _random.NextDouble());
            var id = $"{_count++}";
            yield return new DecisionEntry(id, default, LoggedDecision.Of(decision, [LearnedBias.None, LearnedBias.None], policy.Name, target => target.Name), targets, policy);
            var chosen = targets.Single(target => target.Descriptor.Name == decision.Chosen!.Name);
            var seconds = MeanSeconds(profile, chosen) * (0.5 + _random.NextDouble()); // noise of mean 1
            yield return new OutcomeEntry(id, new()
            {
                Targets = [chosen.Descriptor.Name],
                Finish = RequestFinish.Stop,
                Cold = false,
                FirstTokenSeconds = seconds / 10,
                TotalSeconds = seconds,
                InputTokens = profile.InputTokens,
                CachedTokens = 0,
                OutputTokens = profile.ExpectedOutputTokens,
                WastedTokens = 0,
                Dollars = 0,
                Grams = 0,
            });
        }
    }

    public ReplayReport Replay(RoutingPolicy logged, RoutingPolicy other, int requests)
    {
        var replay = new PolicyReplay(other);
        foreach (var entry in Log(logged, requests))
            replay.Add(entry);
        return replay.Report();
    }

    private static TargetSnapshot[] Targets() => [Near.Warm(), Far.Warm()];

    /// <summary>The near one is 1.4 times as slow as it says, the far one 3 times.</summary>
    private static double MeanSeconds(in RequestProfile profile, in TargetSnapshot target) =>
        PolicyEngine.Decide(profile, [target], PolicyPresets.Balanced).Chosen!.TotalTime.TotalSeconds * (target.Descriptor.Name == "near" ? 1.4 : 3);

    private RequestProfile AnyProfile() => new() { PromptTokens = _random.Next(10, 2000), ExpectedOutputTokens = _random.Next(10, 300), Privacy = PrivacyClass.Public };
}
