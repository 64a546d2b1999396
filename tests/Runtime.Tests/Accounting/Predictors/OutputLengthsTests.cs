using Hybrid.Accounting;
using Hybrid.Accounting.Predictors;
using Hybrid.Policy;
using Hybrid.Targets;
using Hybrid.Tests.Policy;

namespace Hybrid.Tests.Accounting.Predictors;

public class OutputLengthsTests
{
    private readonly OutputLengths _lengths = new();

    [Fact]
    public void An_answer_that_was_cut_off_had_at_least_that_many()
    {
        var estimate = new LengthEstimate([(10, false), (20, true), (30, false), (40, false)], stated: 128);
        Assert.Equal(28.75, estimate.Mean(null), 6); // 10 + 0.75·20 + 0.375·10
        Assert.Equal(17.5, estimate.Mean(20), 6); // no more than the limit: 10 + 0.75·10
        Assert.Equal((10, 30, 40), (estimate.At(0.25), estimate.At(0.5), estimate.At(0.99)));
    }

    [Fact]
    public void Where_all_were_cut_off_the_mean_is_beyond_the_limit_they_had()
    {
        var estimate = new LengthEstimate([.. Enumerable.Repeat((64, true), 8)], stated: 128);
        Assert.Equal(64, estimate.Mean(64), 6);
        Assert.True(estimate.Mean(null) > 128);
        Assert.True(estimate.At(0.5) > 128);
        Assert.True(estimate.At(0.95) > estimate.At(0.5));
    }

    [Fact]
    public void Quantiles_and_the_mean_are_those_of_the_answers_though_most_had_a_limit()
    {
        var random = new Random(3);
        for (var i = 0; i < 128; i++)
        {
            var length = random.Next(1, 200); // mean and median 100
            var limit = i % 2 == 0 ? 80 : 200;
            Observe("t", Math.Min(length, limit), length > limit ? RequestFinish.Length : RequestFinish.Stop);
        }

        var estimate = _lengths.Find("t")!;
        Assert.InRange(estimate.Mean(null), 85, 115);
        Assert.InRange(estimate.At(0.5), 80, 120);
        Assert.InRange(estimate.At(0.9), 160, 200);
    }

    [Fact]
    public void A_tag_is_known_after_eight_answers_and_others_are_not()
    {
        for (var i = 0; i < OutputLengths.Enough; i++)
        {
            Assert.Null(_lengths.Find("t"));
            Observe("t", 50);
        }

        Assert.Equal(50, _lengths.Find("t")!.Mean(null), 6);
        Assert.Null(_lengths.Find("other"));
        Assert.Null(_lengths.Find(null));
    }

    [Fact]
    public void Only_answers_that_the_model_ended_count_and_no_wasted_token()
    {
        for (var i = 0; i < 20; i++)
        {
            Observe("t", 5000, RequestFinish.Cancelled);
            Observe("t", 5000, RequestFinish.Failed);
            Observe("t", 5000, RequestFinish.DeadlineExceeded);
        }

        Assert.Null(_lengths.Find("t"));
        for (var i = 0; i < OutputLengths.Enough; i++)
            Observe("t", 60, RequestFinish.ToolCalls, wasted: 20);
        Assert.Equal(40, _lengths.Find("t")!.Mean(null), 6);
    }

    [Fact]
    public void The_latest_answers_count()
    {
        for (var i = 0; i < 300; i++)
            Observe("t", i < 150 ? 500 : 50);
        Assert.Equal(50, _lengths.Find("t")!.Mean(null), 6);
    }

    [Fact]
    public void The_tag_that_was_not_used_for_longest_makes_room()
    {
        for (var tag = 0; tag < OutputLengths.MostTags; tag++)
        {
            for (var i = 0; i < OutputLengths.Enough; i++)
                Observe($"{tag}", 10);
        }

        Assert.NotNull(_lengths.Find("0")); // used again
        Observe("new", 10);
        Assert.NotNull(_lengths.Find("0"));
        Assert.Null(_lengths.Find("1"));
        Assert.NotNull(_lengths.Find("2"));
    }

    private void Observe(string tag, int tokens, RequestFinish finish = RequestFinish.Stop, int wasted = 0) => _lengths.Observe(new()
    {
        Id = "r",
        Decision = TestTargets.Decide(TestTargets.Chat with { Tag = tag }, PolicyPresets.Balanced, TestTargets.Device),
        Segments = [new() { Target = "device", Model = "small", Zone = Zone.Device, OutputTokens = tokens, WastedTokens = wasted }],
        Finish = finish,
    });
}
