using Hybrid.Accounting;
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
        var movedBy = new int[Ways];
        for (var round = 0; round < 40_000; round++)
        {
            var policy = AnyPolicy(random);
            var profile = AnyProfile(random);
            var targets = Enumerable.Range(0, random.Next(1, 6)).Select(i => AnyTarget(random, i)).ToArray();
            var worse = random.Next(targets.Length);
            var before = Rank(profile, targets, policy, worse);
            var way = random.Next(Ways);
            targets[worse] = Worsen(targets[worse], way, random);
            var after = Rank(profile, targets, policy, worse);
            Assert.True(after >= before, $"round {round}: rank {before} became {after} by way {way}");
            if (after <= before) continue;
            moved++;
            movedBy[way]++;
        }

        Assert.InRange(moved, 2_000, 38_000); // else the property would hold by doing nothing
        Assert.All(movedBy, count => Assert.True(count > 10, $"moved by each way: {string.Join(' ', movedBy)}"));
    }

    [Fact]
    public void A_tighter_limit_never_lets_a_target_in()
    {
        var random = new Random(20260102);
        var removed = new int[9];
        for (var round = 0; round < 20_000; round++)
        {
            var policy = AnyPolicy(random);
            var profile = AnyProfile(random);
            var targets = Enumerable.Range(0, random.Next(1, 6)).Select(i => AnyTarget(random, i)).ToArray();
            var limit = random.Next(removed.Length);
            var to = random.NextDouble();
            var (tightProfile, tightPolicy) = limit switch
            {
                0 => (profile, policy with { MaxDollarsPerRequest = (policy.MaxDollarsPerRequest ?? 1e-2) * to }),
                1 => (profile, policy with { MaxGramsPerRequest = (policy.MaxGramsPerRequest ?? 1) * to }),
                2 => (profile, policy with { MaxTimeToFirstToken = (policy.MaxTimeToFirstToken ?? TimeSpan.FromSeconds(10)) * to }),
                3 => (profile with { TimeLeft = (profile.TimeLeft ?? TimeSpan.FromSeconds(60)) * to }, policy),
                4 => (profile with { DollarsLeft = (profile.DollarsLeft ?? 1e-2) * to }, policy),
                5 => (profile with { GramsLeft = (profile.GramsLeft ?? 1) * to }, policy),
                6 => (profile with { MaxTimeToFirstToken = (profile.MaxTimeToFirstToken ?? TimeSpan.FromSeconds(10)) * to }, policy),
                7 => (profile, policy with { MaxTimePerToken = (policy.MaxTimePerToken ?? TimeSpan.FromSeconds(0.2)) * to }),
                _ => (profile with { MaxTimePerToken = (profile.MaxTimePerToken ?? TimeSpan.FromSeconds(0.2)) * to }, policy),
            };
            var before = Admitted(profile, targets, policy);
            var after = Admitted(tightProfile, targets, tightPolicy);
            Assert.True(after.IsSubsetOf(before), $"round {round}: {string.Join(", ", after.Except(before))} came in by limit {limit}");
            removed[limit] += before.Count - after.Count;
        }

        Assert.All(removed, count => Assert.True(count > 50, $"removed by each limit: {string.Join(' ', removed)}"));
    }

    [Fact]
    public void Embodied_emissions_are_reported_and_decide_nothing()
    {
        var random = new Random(20260103);
        for (var round = 0; round < 1_000; round++)
        {
            var (policy, profile, target) = (AnyPolicy(random), AnyProfile(random), AnyTarget(random, 0));
            var heavy = target with { Descriptor = target.Descriptor with { EmbodiedGramsPerHour = 1000 } };
            var (before, after) = (PolicyEngine.Decide(profile, [target], policy).Targets[0], PolicyEngine.Decide(profile, [heavy], policy).Targets[0]);
            Assert.Equal((before.Admitted, before.ScoreDollars, before.Grams), (after.Admitted, after.ScoreDollars, after.Grams));
            Assert.True(after.SciGrams > before.SciGrams);
        }
    }

    /// <summary>How many go before it; the largest number there is where it was removed.</summary>
    private static int Rank(RequestProfile profile, TargetSnapshot[] targets, RoutingPolicy policy, int target)
    {
        var scores = new TargetScore[targets.Length];
        PolicyEngine.Score(profile, targets, policy, scores);
        if (!scores[target].Admitted) return int.MaxValue;
        var own = scores[target].ScoreDollars;
        return scores.Where((score, i) => score.Admitted && (score.ScoreDollars < own || (score.ScoreDollars == own && i < target))).Count();
    }

    private static HashSet<int> Admitted(RequestProfile profile, TargetSnapshot[] targets, RoutingPolicy policy)
    {
        var scores = new TargetScore[targets.Length];
        PolicyEngine.Score(profile, targets, policy, scores);
        return [.. Enumerable.Range(0, targets.Length).Where(i => scores[i].Admitted)];
    }

    private static RequestProfile AnyProfile(Random random) => new()
    {
        PromptTokens = random.Next(1, 4000),
        ExpectedOutputTokens = random.Next(1, 1000),
        TimeLeft = random.Next(3) == 0 ? TimeSpan.FromSeconds(random.NextDouble() * 60) : null,
        DollarsLeft = random.Next(6) == 0 ? Spread(random, 1e-4, 1e-1) : null,
        GramsLeft = random.Next(6) == 0 ? Spread(random, 1e-3, 10) : null,
        MaxTimeToFirstToken = random.Next(6) == 0 ? TimeSpan.FromSeconds(Spread(random, 0.1, 60)) : null,
        MaxTimePerToken = random.Next(6) == 0 ? TimeSpan.FromSeconds(Spread(random, 0.002, 0.5)) : null,
    };

    private static RoutingPolicy AnyPolicy(Random random) => new()
    {
        Name = "any",
        LatencyQuantile = 0.05 + (random.NextDouble() * 0.94),
        DollarsPerSecond = Spread(random, 1e-5, 1e-1),
        DollarsPerTonCarbon = Spread(random, 1, 1e6),
        DollarsPerQualityPoint = Spread(random, 1e-7, 1e-2),
        MaxDollarsPerRequest = random.Next(4) == 0 ? Spread(random, 1e-4, 1e-1) : null,
        MaxGramsPerRequest = random.Next(4) == 0 ? Spread(random, 1e-3, 10) : null,
        MaxTimeToFirstToken = random.Next(4) == 0 ? TimeSpan.FromSeconds(Spread(random, 0.1, 60)) : null,
        MaxTimePerToken = random.Next(4) == 0 ? TimeSpan.FromSeconds(Spread(random, 0.002, 0.5)) : null,
    };

    private static TargetSnapshot AnyTarget(Random random, int index)
    {
        var input = Spread(random, 0.01, 10);
        var descriptor = new TargetDescriptor
        {
            Name = $"t{index}",
            Model = "m",
            Zone = Zone.Device,
            Quality = random.NextDouble(),
            DollarsPerMillionInputTokens = input,
            DollarsPerMillionCachedTokens = input * random.NextDouble(),
            DollarsPerMillionOutputTokens = Spread(random, 0.01, 30),
            DollarsPerHour = Spread(random, 0.01, 10),
            IdleDollarsPerHour = Spread(random, 0.01, 10),
            StaysWarm = TimeSpan.FromSeconds(Spread(random, 1, 600)),
            ActiveWatts = Spread(random, 1, 1000),
            GramsPerKilowattHour = Spread(random, 10, 1000),
            PowerUsageEffectiveness = 1 + random.NextDouble(),
            RoundTrip = TimeSpan.FromSeconds(random.NextDouble()),
            ColdStart = TimeSpan.FromSeconds(Spread(random, 0.1, 60)),
            PrefillTokensPerSecond = Spread(random, 50, 10_000),
            DecodeTokensPerSecond = Spread(random, 5, 500),
        };
        var rates = TargetRates.Stated(descriptor) with
        {
            FirstTokenSpread = Band(random),
            PerTokenSpread = Band(random),
            CachedShare = random.Next(2) == 0 ? random.NextDouble() : 0,
            FailureProbability = random.NextDouble() / 2,
        };
        return new(descriptor, new((TargetReadiness)random.Next(4), "", random.Next(4), random.Next(3), random.Next(3)), rates)
        {
            Grid = random.Next(2) == 0 ? new(Spread(random, 10, 1000), IntensityKind.Average, "any", IntensityProvenance.Live) : null,
            LearnedDollars = (random.NextDouble() - 0.5) * 1e-3,
        };
    }

    private static RatioBand Band(Random random)
    {
        var (centre, width) = (Spread(random, 0.5, 2), random.NextDouble());
        return new(level => centre * Math.Exp(width * (level - 0.5)));
    }

    private const int Ways = 20;

    private static TargetSnapshot Worsen(TargetSnapshot target, int way, Random random)
    {
        var by = Spread(random, 1.01, 100);
        var (stated, state, rates) = target;
        return way switch
        {
            0 => Stated(stated with { DollarsPerMillionInputTokens = stated.DollarsPerMillionInputTokens * by }),
            1 => Stated(stated with { DollarsPerMillionOutputTokens = stated.DollarsPerMillionOutputTokens * by }),
            2 => Stated(stated with { DollarsPerHour = stated.DollarsPerHour * by }),
            3 => Stated(stated with { ActiveWatts = stated.ActiveWatts * by }),
            4 => target with { Grid = null, Descriptor = stated with { GramsPerKilowattHour = Math.Max(stated.GramsPerKilowattHour, target.Grid?.GramsPerKilowattHour ?? 0) * by } },
            5 => Stated(stated with { PowerUsageEffectiveness = stated.PowerUsageEffectiveness * by }),
            6 => target with { Rates = rates with { RoundTrip = rates.RoundTrip * by } },
            7 => target with { Descriptor = stated with { ColdStart = stated.ColdStart * by }, Rates = rates with { ColdStart = rates.ColdStart * by } },
            8 => target with { Rates = rates with { PrefillTokensPerSecond = rates.PrefillTokensPerSecond / by } },
            9 => target with { Rates = rates with { DecodeTokensPerSecond = rates.DecodeTokensPerSecond / by } },
            10 => Stated(stated with { DollarsPerMillionCachedTokens = stated.DollarsPerMillionCachedTokens * by }),
            11 => Stated(stated with { IdleDollarsPerHour = stated.IdleDollarsPerHour * by }),
            12 => Stated(stated with { StaysWarm = stated.StaysWarm * by }),
            13 => target with { Grid = new((target.Grid?.GramsPerKilowattHour ?? stated.GramsPerKilowattHour) * by, IntensityKind.Marginal, "dirty", IntensityProvenance.Live) },
            14 => target with { LearnedDollars = target.LearnedDollars + Spread(random, 1e-5, 1e-1) },
            15 => target with { Rates = rates with { FailureProbability = Math.Min(1, rates.FailureProbability * by) } },
            16 => target with { Rates = rates with { FirstTokenSpread = Wider(rates.FirstTokenSpread, by) } },
            17 => target with { Rates = rates with { PerTokenSpread = Wider(rates.PerTokenSpread, by) } },
            18 => target with { Rates = rates with { CachedShare = rates.CachedShare / by } },
            _ => target with { State = state with { QueueLength = state.QueueLength + 1 + random.Next(3) } },
        };

        TargetSnapshot Stated(TargetDescriptor descriptor) => target with { Descriptor = descriptor };
    }

    private static RatioBand Wider(RatioBand band, double by) => new(level => band.At(level) * by);

    private static double Spread(Random random, double least, double most) => least * Math.Pow(most / least, random.NextDouble());
}
