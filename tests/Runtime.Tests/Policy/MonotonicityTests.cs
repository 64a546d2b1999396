using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Tests.Policy;

public class MonotonicityTests
{
    [Fact]
    public void Dearer_slower_or_dirtier_never_makes_a_target_more_attractive()
    {
        var random = new Random(20260101);
        var moved = 0;
        for (var round = 0; round < 10_000; round++)
        {
            var policy = AnyPolicy(random);
            var profile = new RequestProfile
            {
                PromptTokens = random.Next(1, 4000),
                ExpectedOutputTokens = random.Next(1, 1000),
                TimeLeft = random.Next(3) == 0 ? TimeSpan.FromSeconds(random.NextDouble() * 60) : null,
            };
            var targets = Enumerable.Range(0, random.Next(1, 6)).Select(i => AnyTarget(random, i)).ToArray();
            var worse = random.Next(targets.Length);
            var before = Rank(PolicyEngine.Decide(profile, targets, policy), worse);
            targets[worse] = Worsen(targets[worse], random);
            var after = Rank(PolicyEngine.Decide(profile, targets, policy), worse);
            Assert.True(after >= before, $"round {round}: rank {before} became {after}");
            if (after > before) moved++;
        }

        Assert.InRange(moved, 500, 9_500); // else the property would hold by doing nothing
    }

    private static int Rank(Decision decision, int target)
    {
        for (var i = 0; i < decision.Ranking.Count; i++)
            if (decision.Ranking[i].Name == $"t{target}") return i;
        return int.MaxValue;
    }

    private static RoutingPolicy AnyPolicy(Random random) => new()
    {
        Name = "any",
        DollarsPerSecond = Spread(random, 1e-5, 1e-1),
        DollarsPerTonCarbon = Spread(random, 1, 1e6),
        DollarsPerQualityPoint = Spread(random, 1e-7, 1e-2),
        MaxDollarsPerRequest = random.Next(4) == 0 ? Spread(random, 1e-4, 1e-1) : null,
        MaxGramsPerRequest = random.Next(4) == 0 ? Spread(random, 1e-3, 10) : null,
        MaxTimeToFirstToken = random.Next(4) == 0 ? TimeSpan.FromSeconds(Spread(random, 0.1, 60)) : null,
    };

    private static TargetSnapshot AnyTarget(Random random, int index) => new(
        new()
        {
            Name = $"t{index}",
            Model = "m",
            Zone = Zone.Device,
            Quality = random.NextDouble(),
            DollarsPerMillionInputTokens = Spread(random, 0.01, 10),
            DollarsPerMillionOutputTokens = Spread(random, 0.01, 30),
            DollarsPerHour = Spread(random, 0.01, 10),
            ActiveWatts = Spread(random, 1, 1000),
            GramsPerKilowattHour = Spread(random, 10, 1000),
            PowerUsageEffectiveness = 1 + random.NextDouble(),
            RoundTrip = TimeSpan.FromSeconds(random.NextDouble()),
            ColdStart = TimeSpan.FromSeconds(Spread(random, 0.1, 60)),
            PrefillTokensPerSecond = Spread(random, 50, 10_000),
            DecodeTokensPerSecond = Spread(random, 5, 500),
        },
        new((TargetReadiness)random.Next(4), "", random.Next(4), random.Next(3), random.Next(3)));

    private static TargetSnapshot Worsen(TargetSnapshot target, Random random)
    {
        var by = Spread(random, 1.01, 100);
        var stated = target.Descriptor;
        var descriptor = random.Next(10) switch
        {
            0 => stated with { DollarsPerMillionInputTokens = stated.DollarsPerMillionInputTokens * by },
            1 => stated with { DollarsPerMillionOutputTokens = stated.DollarsPerMillionOutputTokens * by },
            2 => stated with { DollarsPerHour = stated.DollarsPerHour * by },
            3 => stated with { ActiveWatts = stated.ActiveWatts * by },
            4 => stated with { GramsPerKilowattHour = stated.GramsPerKilowattHour * by },
            5 => stated with { PowerUsageEffectiveness = stated.PowerUsageEffectiveness * by },
            6 => stated with { RoundTrip = stated.RoundTrip * by },
            7 => stated with { ColdStart = stated.ColdStart * by },
            8 => stated with { PrefillTokensPerSecond = stated.PrefillTokensPerSecond / by },
            _ => stated with { DecodeTokensPerSecond = stated.DecodeTokensPerSecond / by },
        };
        return new(descriptor, target.State with { QueueLength = target.State.QueueLength + random.Next(2) });
    }

    private static double Spread(Random random, double least, double most) => least * Math.Pow(most / least, random.NextDouble());
}
