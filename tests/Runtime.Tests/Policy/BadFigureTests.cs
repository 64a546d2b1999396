using System.Text.Json;
using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Tests.Policy;

/// <summary>Figures that nobody should have: refused with their names where a client is made by hand, a wall where they arise later.</summary>
public class BadFigureTests
{
    private static readonly string[] TargetFigures =
    [
        nameof(TargetDescriptor.ParametersBillions), nameof(TargetDescriptor.Quality), nameof(TargetDescriptor.DollarsPerMillionInputTokens),
        nameof(TargetDescriptor.DollarsPerMillionCachedTokens), nameof(TargetDescriptor.DollarsPerMillionOutputTokens), nameof(TargetDescriptor.DollarsPerHour),
        nameof(TargetDescriptor.IdleDollarsPerHour), nameof(TargetDescriptor.ActiveWatts), nameof(TargetDescriptor.PowerUsageEffectiveness),
        nameof(TargetDescriptor.EmbodiedGramsPerHour), nameof(TargetDescriptor.GramsPerKilowattHour), nameof(TargetDescriptor.PrefillTokensPerSecond),
        nameof(TargetDescriptor.DecodeTokensPerSecond),
    ];

    public static TheoryData<string, double> OddFigures => new(TargetFigures.SelectMany(_ => Odd, (figure, value) => (figure, value)));

    public static TheoryData<string, double> OddWeights => new(typeof(RoutingPolicy).GetProperties()
        .Where(property => property.PropertyType == typeof(double) || property.PropertyType == typeof(double?)).SelectMany(_ => Odd, (property, value) => (property.Name, value)));

    private static double[] Odd => [double.NaN, double.PositiveInfinity, double.NegativeInfinity, -1];

    [Fact]
    public void The_list_above_is_complete() => Assert.Empty(typeof(TargetDescriptor).GetProperties()
        .Where(property => property.PropertyType == typeof(double) || property.PropertyType == typeof(double?)).Select(property => property.Name).Except(TargetFigures));

    [Theory]
    [MemberData(nameof(OddFigures))]
    public void A_target_with_one_is_refused_by_name(string figure, double value)
    {
        var target = new ScriptedTarget("odd", "x") { Descriptor = Set(TestTargets.Device with { Name = "odd" }, figure, value) };
        var error = Assert.Throws<HybridException>(() => new HybridChatClient([target]));
        Assert.Equal(HybridError.Configuration, error.Error);
        Assert.Contains($"target 'odd':{figure}: {value} is out of range", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(OddWeights))]
    public void A_policy_with_one_is_refused_by_name(string figure, double value)
    {
        var policy = Set(PolicyPresets.Balanced with { Name = "odd" }, figure, value);
        var error = Assert.Throws<HybridException>(() => new HybridChatClient([new ScriptedTarget("t", "x")], new() { Policy = policy }));
        Assert.Contains($"policy 'odd':{figure}: {value} is out of range", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.NegativeInfinity)]
    [InlineData(-1)]
    public void One_that_arises_later_is_a_wall_and_spoils_no_other_target(double value)
    {
        TargetDescriptor[] odd =
        [
            TestTargets.Cloud with { Name = "price", DollarsPerMillionOutputTokens = value * 1e9 },
            TestTargets.Cloud with { Name = "rate", DecodeTokensPerSecond = value },
            TestTargets.Cloud with { Name = "watts", ActiveWatts = value },
        ];
        var decision = TestTargets.Decide(TestTargets.Chat, PolicyPresets.Balanced, [.. odd, TestTargets.Device]);
        Assert.All(decision.Targets.Take(odd.Length), target => Assert.Contains(target.Walls, wall => wall.Wall == Wall.Figures));
        Assert.Equal(TestTargets.Decide(TestTargets.Chat, PolicyPresets.Balanced, TestTargets.Device).Chosen!.ScoreDollars, decision.Chosen!.ScoreDollars);
    }

    [Fact]
    public void A_quality_that_is_no_number_spoils_no_other_target()
    {
        var decision = TestTargets.Decide(TestTargets.Chat, PolicyPresets.Balanced, TestTargets.Cloud with { Quality = double.NaN }, TestTargets.Device);
        Assert.Equal("device", decision.Chosen!.Name);
        Assert.Equal(0, decision.Chosen.QualityDollars);
    }

    [Fact]
    public void A_limit_that_is_no_number_lets_nothing_pass()
    {
        var nan = PolicyPresets.Balanced with { MaxDollarsPerRequest = double.NaN };
        Assert.Contains(TestTargets.Decide(TestTargets.Chat, nan, TestTargets.Device).Targets[0].Walls, wall => wall.Wall == Wall.Price);
        Assert.Contains(TestTargets.Decide(TestTargets.Chat with { GramsLeft = double.NaN }, PolicyPresets.Balanced, TestTargets.Device).Targets[0].Walls, wall => wall.Wall == Wall.Budget);
    }

    [Fact]
    public void Sizes_beyond_every_context_do_not_wrap_around() => Assert.Contains(
        TestTargets.Decide(new() { PromptTokens = int.MaxValue, ContinuationTokens = int.MaxValue }, PolicyPresets.Balanced, TestTargets.Cloud).Targets[0].Walls,
        wall => wall.Wall == Wall.Context);

    [Fact]
    public void Times_that_do_not_fit_a_sum_do_not_throw()
    {
        var eternal = TestTargets.Cloud with { IdleDollarsPerHour = 1, ColdStart = TimeSpan.MaxValue, StaysWarm = TimeSpan.MaxValue };
        Assert.Null(PolicyEngine.Decide(TestTargets.Chat, [new(eternal, new(TargetReadiness.Cold))], PolicyPresets.Balanced).Chosen);
        var queue = new TargetSnapshot(TestTargets.Cloud, new(TargetReadiness.Warm, "", int.MaxValue, 1, 1));
        Assert.True(PolicyEngine.Decide(TestTargets.Chat, [queue], PolicyPresets.Balanced).Targets[0].TimeToFirstToken > TimeSpan.FromDays(1000));
    }

    [Fact]
    public void Weights_that_sum_to_nothing_leave_it_to_the_price_and_say_so()
    {
        var free = new RoutingPolicy { Name = "free" };
        var decision = TestTargets.Decide(TestTargets.Chat, free, TestTargets.Cloud, TestTargets.Device, TestTargets.Device with { Name = "second" });
        Assert.Equal(["device", "second", "cloud"], decision.Ranking.Select(target => target.Name));
        Assert.Contains("; its weights are all 0, so the price alone decides\n", decision.Explain(), StringComparison.Ordinal);
        using var json = JsonDocument.Parse(decision.ToJson());
        Assert.Equal("its weights are all 0, so the price alone decides", json.RootElement.GetProperty("remark").GetString());
        Assert.DoesNotContain("remark", TestTargets.Decide(TestTargets.Chat, PolicyPresets.Balanced, TestTargets.Cloud).ToJson(), StringComparison.Ordinal);
    }

    /// <summary>A copy with one figure changed; <c>with</c> takes no name.</summary>
    private static T Set<T>(T record, string figure, double value)
        where T : class
    {
        var property = typeof(T).GetProperty(figure)!;
        property.SetValue(record, value); // every caller hands a fresh copy
        return record;
    }
}
