using Hybrid.Accounting;
using Hybrid.Policy;
using Hybrid.Policy.Learning;
using Hybrid.Policy.Log;

namespace Hybrid.Tests.Policy.Learning;

public class LearnerTests
{
    private static readonly RoutingPolicy Learning = PolicyPresets.Balanced with { Learn = true };
    private static readonly TargetSnapshot[] Targets = [TestTargets.Device.Warm(), TestTargets.Site.Warm()];
    private readonly Learner _learner = new();
    private int _count;

    [Fact]
    public void Votes_move_the_choice_for_their_tag_and_no_other()
    {
        Assert.Equal("site", Choice("x"));
        Vote("x", "site", 0.2, 40);
        Vote("x", "device", 0.9, 40);
        Assert.Equal("device", Choice("x"));
        Assert.Equal("site", Choice("y"));
        Assert.Equal("site", Choice(null));
        Assert.Equal("site", Choice("x", PolicyPresets.Balanced)); // which does not learn
    }

    [Fact]
    public void Few_votes_move_little_and_many_no_more_than_the_bound()
    {
        Vote("x", "site", 0, 1);
        Vote("x", "device", 1, 1);
        Assert.InRange(Points("x", "site"), -4, -1);
        Vote("x", "site", 0, 2000);
        Vote("x", "device", 1, 2000);
        Assert.InRange(Points("x", "site"), -30, -25);
        Assert.InRange(Points("x", "device"), 20, 30);
    }

    [Fact]
    public void What_all_votes_have_in_common_is_no_targets_merit()
    {
        Vote("x", "device", 0.95, 400); // kind people; the stated quality is 0.329
        Assert.InRange(Points("x", "device"), 0, 10);
        Vote("x", "site", 0.95 + CostModel.Quality(TestTargets.Site) - CostModel.Quality(TestTargets.Device), 400);
        Assert.InRange(Math.Abs(Points("x", "device") - Points("x", "site")), 0, 1);
    }

    [Fact]
    public void A_second_vote_on_an_answer_replaces_the_first()
    {
        var other = new Learner();
        Settle(_learner, "1", "x", "device");
        Settle(other, "1", "x", "device");
        Assert.True(_learner.Vote("1", 0));
        Assert.True(_learner.Vote("1", 1));
        Assert.True(other.Vote("1", 1));
        Assert.Equal(other.Of("x", "device").Points, _learner.Of("x", "device").Points, 9);
    }

    [Fact]
    public void Only_recent_answers_that_one_target_gave_teach()
    {
        Assert.False(_learner.Vote("never", 1));
        _learner.Settle("two", TestTargets.Chat, Targets, Learning, Done("device") with { Targets = ["device", "site"] });
        Assert.True(_learner.Vote("two", 0));
        Assert.Equal(LearnedBias.None, _learner.Of(null, "device"));
        _learner.Settle("silent", TestTargets.Chat, Targets, Learning, Done("device") with { FirstTokenSeconds = null });
        Assert.False(_learner.Vote("silent", 0));

        Settle(_learner, "old", "x", "device");
        for (var i = 0; i < Learner.MostAnswers; i++)
            Settle(_learner, $"n{i}", "x", "device");
        Assert.False(_learner.Vote("old", 1));
        Assert.True(_learner.Vote("n0", 1));
    }

    [Fact]
    public void Endless_tags_do_not_fill_memory_and_the_least_used_is_forgotten()
    {
        Vote("first", "device", 1, 50);
        Vote("kept", "device", 1, 50);
        for (var i = 0; i < Learner.MostCells - 1; i++)
        {
            Vote($"tag {i}", "site", 0.5, 1);
            if (i % 100 == 0) Vote("kept", "device", 1, 1);
        }

        Assert.Equal(LearnedBias.None, _learner.Of("first", "device"));
        Assert.NotEqual(LearnedBias.None, _learner.Of("kept", "device"));
    }

    [Fact]
    public void Outcomes_correct_price_time_and_carbon_within_bounds()
    {
        var predicted = PolicyEngine.Decide(TestTargets.Chat, Targets, Learning).Targets[0];
        for (var i = 0; i < 100; i++)
            _learner.Settle($"{i}", TestTargets.Chat, Targets, Learning, Done("device") with { TotalSeconds = predicted.TotalTime.TotalSeconds * 1.5, Dollars = 0, Grams = predicted.Grams * 1.5 });
        var bias = _learner.Of(null, "device");
        Assert.Equal(1 + (0.5 * 100 / 116), bias.Factor, 6); // shrunk by a prior of 16
        Assert.Equal(0, bias.Points);
        Assert.Equal((bias.Factor - 1) * (predicted.TimeDollars + predicted.CarbonDollars), bias.Dollars(TestTargets.Chat, Targets[0], Learning), 9);
        Assert.Equal(0, bias.Dollars(TestTargets.Chat, Targets[0], PolicyPresets.Balanced));

        for (var i = 0; i < 1000; i++)
            _learner.Settle($"slow {i}", TestTargets.Chat, Targets, Learning, Done("device") with { TotalSeconds = 1e6 });
        Assert.Equal(2, _learner.Of(null, "device").Factor);
        foreach (var ended in new[] { RequestFinish.Cancelled, RequestFinish.Failed, RequestFinish.DeadlineExceeded })
            _learner.Settle($"{ended}", TestTargets.Chat, Targets, Learning, Done("site") with { Finish = ended });
        _learner.Settle("cold", TestTargets.Chat, Targets, Learning, Done("site") with { Cold = true });
        Assert.Equal(1, _learner.Of(null, "site").Factor);
    }

    [Fact]
    public void An_outcome_as_usual_teaches_nothing_at_whatever_quantile_the_policy_decides()
    {
        var careful = Learning with { LatencyQuantile = 0.95 };
        var usual = PolicyEngine.Decide(TestTargets.Chat, Targets, Learning).Targets[0];
        var profile = TestTargets.Chat with { OutputTokensAtQuantile = 1000 };
        for (var i = 0; i < 50; i++)
            _learner.Settle($"{i}", profile, Targets, careful, Done("device") with { TotalSeconds = usual.TotalTime.TotalSeconds, Grams = usual.Grams });
        Assert.Equal(1, _learner.Of(null, "device").Factor, 6); // a TimeSpan cuts off
    }

    [Fact]
    public void What_was_learned_stretches_the_score_and_never_turns_it_round()
    {
        foreach (var quantile in new[] { 0.05, 0.5, 0.99 })
        {
            var policy = Learning with { LatencyQuantile = quantile };
            foreach (var factor in new[] { 0.5, 1, 2 })
                Assert.True(Score(10, policy, new(0, factor)) > Score(20, policy, new(0, factor)) && Score(20, policy, new(0, factor)) > 0);
        }

        static double Score(double rate, RoutingPolicy policy, LearnedBias bias)
        {
            var target = (TestTargets.Device with { DecodeTokensPerSecond = rate }).Warm();
            return PolicyEngine.Decide(TestTargets.Chat, [target with { LearnedDollars = bias.Dollars(TestTargets.Chat, target, policy) }], policy).Chosen!.ScoreDollars;
        }
    }

    [Fact]
    public void What_was_learned_is_always_finite()
    {
        var absurd = new LearnedBias(30, 2);
        var target = (TestTargets.Device with { DecodeTokensPerSecond = 0 }).Warm();
        Assert.Equal(0, absurd.Dollars(TestTargets.Chat, target, Learning));
    }

    private static Outcome Done(string target) => new()
    {
        Targets = [target],
        Finish = RequestFinish.Stop,
        Cold = false,
        FirstTokenSeconds = 0.1,
        TotalSeconds = 1,
        InputTokens = 300,
        CachedTokens = 0,
        OutputTokens = 128,
        WastedTokens = 0,
        Dollars = 0,
        Grams = 0,
    };

    private string Choice(string? tag, RoutingPolicy? policy = null)
    {
        var profile = TestTargets.Chat with { Tag = tag };
        var targets = Targets.Select(target => target with { LearnedDollars = _learner.Of(tag, target.Descriptor.Name).Dollars(profile, target, policy ?? Learning) }).ToArray();
        return PolicyEngine.Decide(profile, targets, policy ?? Learning).Chosen!.Name;
    }

    private double Points(string tag, string target) => _learner.Of(tag, target).Points;

    /// <summary>Cancelled answers can be rated too, and teach nothing else.</summary>
    private static void Settle(Learner learner, string id, string tag, string target) =>
        learner.Settle(id, TestTargets.Chat with { Tag = tag }, Targets, Learning, Done(target) with { Finish = RequestFinish.Cancelled });

    private void Vote(string tag, string target, double score, int times)
    {
        for (var i = 0; i < times; i++)
        {
            var id = $"answer {_count++}";
            Settle(_learner, id, tag, target);
            Assert.True(_learner.Vote(id, score));
        }
    }
}
