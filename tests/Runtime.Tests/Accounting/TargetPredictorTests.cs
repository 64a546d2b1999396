using Hybrid.Accounting;
using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Tests.Accounting;

public class TargetPredictorTests
{
    private static readonly TargetDescriptor Stated = new()
    {
        Name = "t",
        Model = "m",
        Zone = Zone.Device,
        PrefillTokensPerSecond = 500,
        DecodeTokensPerSecond = 50,
        RoundTrip = TimeSpan.FromSeconds(0.1),
        ColdStart = TimeSpan.FromSeconds(10),
    };

    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void It_starts_from_the_stated_figures()
    {
        var rates = new TargetPredictor(Stated, _time).Snapshot();
        Assert.Equal(TargetRates.Stated(Stated), rates);
        Assert.Equal((500, 50, 0.1, 10), (rates.PrefillTokensPerSecond, rates.DecodeTokensPerSecond, rates.RoundTrip.TotalSeconds, rates.ColdStart.TotalSeconds));
    }

    [Fact]
    public void One_answer_counts_for_more_than_what_is_stated()
    {
        var predictor = new TargetPredictor(Stated, _time);
        predictor.Observe(Answer());
        var rates = predictor.Snapshot();
        Assert.InRange(Seconds(rates, 100), 0.7, 0.8); // 0.3 s stated, 0.8 s seen
        Assert.InRange(rates.DecodeTokensPerSecond, 80, 100); // 50 stated, 100 seen
        Assert.Equal(10, rates.ColdStart.TotalSeconds, 6);
        Assert.Equal(1, rates.Observations);
    }

    [Fact]
    public void Many_answers_arrive_at_what_is_so()
    {
        var predictor = Taught(60);
        var rates = predictor.Snapshot();
        Assert.Equal(0.8, Seconds(rates, 100), 2);
        Assert.InRange(rates.PrefillTokensPerSecond, 195, 215); // prompts of one length: told apart by the prefill that the target reports
        Assert.InRange(rates.RoundTrip.TotalSeconds, 0.28, 0.32);
        Assert.InRange(rates.DecodeTokensPerSecond, 98, 101);
    }

    [Fact]
    public void Prompts_of_several_lengths_tell_the_round_trip_from_the_prefill_rate()
    {
        var predictor = new TargetPredictor(Stated, _time);
        for (var i = 0; i < 100; i++)
            predictor.Observe(Line(10 + (i * 37 % 1000), 0.05, 2000));
        var rates = predictor.Snapshot();
        Assert.Equal(0.05, rates.RoundTrip.TotalSeconds, 3);
        Assert.InRange(rates.PrefillTokensPerSecond, 1980, 2020);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(0.1)]
    public void A_change_is_followed_soon(double factor)
    {
        var predictor = new TargetPredictor(Stated, _time);
        for (var i = 0; i < 100; i++)
            predictor.Observe(Line(10 + (i * 37 % 1000), 0.05, 2000));
        for (var i = 0; i < 40; i++)
            predictor.Observe(Line(10 + (i * 37 % 1000), 0.05 * factor, 2000 / factor));
        Assert.InRange(Seconds(predictor.Snapshot(), 500), 0.255 * factor, 0.345 * factor); // 0.3 s before
    }

    [Fact]
    public void A_single_outlier_hardly_counts()
    {
        var predictor = new TargetPredictor(Stated, _time);
        for (var i = 0; i < 100; i++)
            predictor.Observe(Line(10 + (i * 37 % 1000), 0.05, 2000) with { DecodeTime = TimeSpan.FromSeconds(1) });
        predictor.Observe(Line(500, 5, 20) with { DecodeTime = TimeSpan.FromSeconds(100) }); // a hundred times as long
        var rates = predictor.Snapshot();
        Assert.InRange(Seconds(rates, 500), 0.29, 0.32);
        Assert.InRange(rates.DecodeTokensPerSecond, 93, 101);
    }

    [Fact]
    public void A_cold_answer_teaches_the_cold_start_and_nothing_about_the_round_trip()
    {
        var predictor = new TargetPredictor(Stated, _time);
        predictor.Observe(Answer() with { Cold = true, TimeToFirstToken = TimeSpan.FromSeconds(20.35) });
        var rates = predictor.Snapshot();
        Assert.InRange(rates.ColdStart.TotalSeconds, 17.5, 20); // 20.35 - 0.05 - 0.3 = 20 seen
        Assert.Equal((0.1, 500), (rates.RoundTrip.TotalSeconds, Math.Round(rates.PrefillTokensPerSecond, 6)));
        Assert.Same(RatioBand.Young, rates.FirstTokenSpread);
    }

    [Fact]
    public void What_was_learned_is_forgotten_by_half_in_a_half_life()
    {
        var predictor = Taught(60, TimeSpan.FromMinutes(10));
        var learned = predictor.Snapshot();
        _time.Advance(TimeSpan.FromMinutes(10));
        var half = predictor.Snapshot();
        Assert.Equal((0.3 + Seconds(learned, 100)) / 2, Seconds(half, 100), 5);
        Assert.Equal(((1 / learned.DecodeTokensPerSecond) + 0.02) / 2, 1 / half.DecodeTokensPerSecond, 6);
        Assert.True(half.FirstTokenSpread.At(0.975) > 1.5 * learned.FirstTokenSpread.At(0.975));
        _time.Advance(TimeSpan.FromHours(10));
        Assert.Equal(50, predictor.Snapshot().DecodeTokensPerSecond, 4);
        Assert.Equal(RatioBand.Young.At(0.975), predictor.Snapshot().FirstTokenSpread.At(0.975), 6);
    }

    [Fact]
    public void A_target_that_reports_no_prefill_time_teaches_the_whole_time()
    {
        var predictor = new TargetPredictor(Stated, _time);
        for (var i = 0; i < 60; i++)
            predictor.Observe(Answer() with { PrefillReported = false, QueueTime = TimeSpan.Zero });
        Assert.InRange(Seconds(predictor.Snapshot(), 100), 0.84, 0.86);
    }

    [Fact]
    public void Cached_tokens_need_no_prefill_and_short_answers_count_for_less()
    {
        var predictor = new TargetPredictor(Stated, _time);
        predictor.Observe(Answer() with { CachedTokens = 100, PrefillTime = TimeSpan.FromSeconds(0.001) });
        Assert.Equal(0.5, predictor.Snapshot().CachedShare, 6); // 1 seen, 0 stated
        Assert.InRange(predictor.Snapshot().PrefillTokensPerSecond, 400, 510);
        Assert.InRange(predictor.Snapshot().RoundTrip.TotalSeconds, 0.6, 0.8);

        var few = new TargetPredictor(Stated, _time);
        few.Observe(Answer() with { OutputTokens = 5, DecodeTime = TimeSpan.FromSeconds(0.04) });
        Assert.InRange(few.Snapshot().DecodeTokensPerSecond, 55, 70); // 4 of 16 tokens
        Assert.Same(RatioBand.Young, few.Snapshot().PerTokenSpread);
    }

    [Fact]
    public void An_answer_that_did_not_end_by_itself_teaches_nothing_about_the_first_token()
    {
        var predictor = new TargetPredictor(Stated, _time);
        predictor.Observe(Answer() with { TimeToFirstToken = null, OutputTokens = 0, DecodeTime = TimeSpan.Zero, Finish = RequestFinish.DeadlineExceeded });
        Assert.Equal(TargetRates.Stated(Stated), predictor.Snapshot());
        predictor.Observe(Answer() with { Finish = RequestFinish.Cancelled });
        Assert.Equal((0, 0.1), (predictor.Snapshot().Observations, predictor.Snapshot().RoundTrip.TotalSeconds));
        Assert.True(predictor.Snapshot().DecodeTokensPerSecond > 80);
    }

    [Theory]
    [InlineData(RequestFinish.Failed, HybridError.TargetUnavailable, true)]
    [InlineData(RequestFinish.Failed, HybridError.Busy, true)]
    [InlineData(RequestFinish.Failed, HybridError.Internal, true)]
    [InlineData(RequestFinish.Failed, HybridError.InvalidRequest, false)]
    [InlineData(RequestFinish.Failed, HybridError.ContextExceeded, false)]
    [InlineData(RequestFinish.DeadlineExceeded, HybridError.DeadlineExceeded, false)]
    [InlineData(RequestFinish.Cancelled, null, false)]
    public void Only_the_targets_own_faults_count_against_it(RequestFinish finish, HybridError? error, bool counts)
    {
        var predictor = new TargetPredictor(Stated, _time);
        predictor.Observe(Answer() with { TimeToFirstToken = null, OutputTokens = 0, DecodeTime = TimeSpan.Zero, Finish = finish, Error = error });
        Assert.Equal(counts ? 1.0 / 11 : 0, predictor.Snapshot().FailureProbability, 6);
    }

    [Fact]
    public void Failures_are_counted_against_answers_and_forgotten()
    {
        var predictor = new TargetPredictor(Stated, _time);
        for (var i = 0; i < 200; i++)
            predictor.Observe(i % 5 == 0 ? Answer() with { TimeToFirstToken = null, OutputTokens = 0, Finish = RequestFinish.Failed, Error = HybridError.TargetUnavailable } : Answer());
        Assert.InRange(predictor.Snapshot().FailureProbability, 0.14, 0.2);
        for (var i = 0; i < 200; i++)
            predictor.Observe(Answer());
        Assert.InRange(predictor.Snapshot().FailureProbability, 0, 0.01);
    }

    [Fact]
    public void Bands_narrow_only_as_far_as_the_data_goes()
    {
        var rates = Taught(5).Snapshot();
        Assert.True(Width(rates) > 8);
        Assert.True(Width(Taught(300).Snapshot()) < 1.2);

        static double Width(TargetRates rates) => rates.FirstTokenSpread.At(0.975) / rates.FirstTokenSpread.At(0.025);
    }

    [Fact]
    public void Beside_others_it_waits_though_a_slot_is_free()
    {
        var predictor = new TargetPredictor(Stated, _time);
        TargetState Busy(int slots) => TargetState.Warm with { BusySlots = slots, Slots = 4 };
        for (var i = 0; i < 100; i++)
        {
            var wait = TimeSpan.FromSeconds(0.2 * (i % 4));
            predictor.Observe(Answer() with { QueueTime = wait, TimeToFirstToken = TimeSpan.FromSeconds(0.8) + wait }, new RequestProfile { PromptTokens = 100 }, Busy(i % 4));
        }

        var rates = predictor.Snapshot();
        Assert.Equal(0.8, First(Busy(0)), 1);
        Assert.Equal(1.4, First(Busy(3)), 1);
        Assert.True(rates.FirstTokenSpread.At(0.9) < 1.2);

        double First(TargetState state) => Prediction.Of(new() { PromptTokens = 100 }, new(Stated, state, rates), 0.5).FirstTokenSeconds;
    }

    [Fact]
    public void A_queue_that_moves_faster_than_its_length_says_is_predicted_shorter()
    {
        var predictor = new TargetPredictor(Stated, _time);
        var full = TargetState.Warm with { BusySlots = 4, Slots = 4, QueueLength = 3 };
        var profile = new RequestProfile { PromptTokens = 100, ExpectedOutputTokens = 100 };
        for (var i = 0; i < 60; i++)
            predictor.Observe(Answer() with { QueueTime = TimeSpan.FromSeconds(0.5), TimeToFirstToken = TimeSpan.FromSeconds(1.3) }, profile, full);
        Assert.Equal(1.3, Prediction.Of(profile, new(Stated, full, predictor.Snapshot()), 0.5).FirstTokenSeconds, 1); // four ahead, of 1.5 s each, in four slots
        Assert.InRange(predictor.Snapshot().QueueFactor, 0.3, 0.4);
        Assert.True(predictor.Snapshot().FirstTokenSpread.At(0.95) < 1.2);
    }

    [Fact]
    public void Who_finds_a_slot_free_waits_for_nobody_to_end()
    {
        double First(int queue, int busy) => Prediction.Of(new() { PromptTokens = 100, ExpectedOutputTokens = 100 }, new(Stated, TargetState.Warm with { BusySlots = busy, Slots = 4, QueueLength = queue }), 0.5).FirstTokenSeconds;
        Assert.Equal(First(0, 0), First(1, 2), 9);
        Assert.Equal(First(0, 4), First(2, 2), 9);
        Assert.True(First(0, 4) > First(0, 3));
    }

    [Fact]
    public void No_receipt_makes_a_figure_that_cannot_be()
    {
        var random = new Random(7);
        double[] spans = [0, 1e-7, 0.001, 1, 3600, 1e9];
        for (var run = 0; run < 50; run++)
        {
            var predictor = new TargetPredictor(Stated with { RoundTrip = TimeSpan.FromSeconds(run % 2 * 0.1) }, _time);
            for (var i = 0; i < 100; i++)
            {
                predictor.Observe(new()
                {
                    Target = "t",
                    Model = "m",
                    Zone = Zone.Device,
                    InputTokens = random.Next(3) * random.Next(1_000_000),
                    CachedTokens = random.Next(3) * random.Next(1_000_000),
                    OutputTokens = random.Next(100),
                    TimeToFirstToken = Span(),
                    QueueTime = Span(),
                    PrefillTime = Span(),
                    PrefillReported = random.Next(2) == 0,
                    DecodeTime = Span(),
                    Cold = random.Next(4) == 0,
                    Finish = (RequestFinish)random.Next(6),
                });
                _time.Advance(TimeSpan.FromMinutes(random.Next(2) * random.Next(200)));
                var rates = predictor.Snapshot();
                Assert.True(double.IsFinite(rates.PrefillTokensPerSecond) && rates.PrefillTokensPerSecond > 0, $"{rates}");
                Assert.True(double.IsFinite(rates.DecodeTokensPerSecond) && rates.DecodeTokensPerSecond > 0, $"{rates}");
                Assert.True(rates.RoundTrip >= TimeSpan.Zero && rates.ColdStart >= TimeSpan.Zero, $"{rates}");
                Assert.InRange(rates.CachedShare, 0, 1);
                Assert.InRange(rates.FailureProbability, 0, 1);
                double[] band = [.. RatioBand.Levels.Select(rates.FirstTokenSpread.At)];
                Assert.Equal(band.Order(), band);
                Assert.True(band[0] > 0 && double.IsFinite(band[^1]));
            }
        }

        TimeSpan Span() => TimeSpan.FromSeconds(spans[random.Next(spans.Length)]);
    }

    private TargetPredictor Taught(int answers, TimeSpan? halfLife = null)
    {
        var predictor = new TargetPredictor(Stated, _time, halfLife);
        for (var i = 0; i < answers; i++)
            predictor.Observe(Answer());
        return predictor;
    }

    private static double Seconds(TargetRates rates, int tokens) => rates.RoundTrip.TotalSeconds + (tokens / rates.PrefillTokensPerSecond);

    private static Receipt Line(int tokens, double roundTrip, double prefill) => Answer() with
    {
        InputTokens = tokens,
        PrefillReported = false,
        QueueTime = TimeSpan.Zero,
        TimeToFirstToken = TimeSpan.FromSeconds(roundTrip + (tokens / prefill)),
    };

    /// <summary>100 tokens prefilled in 0.5 s after 50 ms of queue, 101 decoded at 100 a second.</summary>
    private static Receipt Answer() => new()
    {
        Target = "t",
        Model = "m",
        Zone = Zone.Device,
        InputTokens = 100,
        OutputTokens = 101,
        TimeToFirstToken = TimeSpan.FromSeconds(0.85),
        QueueTime = TimeSpan.FromSeconds(0.05),
        PrefillTime = TimeSpan.FromSeconds(0.5),
        PrefillReported = true,
        DecodeTime = TimeSpan.FromSeconds(1),
    };
}
