using Hybrid.Accounting;
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
    public void One_answer_moves_each_figure_a_fifth_of_the_way()
    {
        var predictor = new TargetPredictor(Stated, _time);
        predictor.Observe(Answer());
        var rates = predictor.Snapshot();
        Assert.Equal(1 / 0.0026, rates.PrefillTokensPerSecond, 6); // 2 ms per token stated, 5 ms seen
        Assert.Equal(1 / 0.018, rates.DecodeTokensPerSecond, 6); // 20 ms stated, 10 ms seen
        Assert.Equal(0.14, rates.RoundTrip.TotalSeconds, 6); // 100 ms stated, 0.85 - 0.05 - 0.5 = 300 ms seen
        Assert.Equal(10, rates.ColdStart.TotalSeconds, 6);
        Assert.Equal(1, rates.Observations);
    }

    [Fact]
    public void Many_answers_arrive_at_what_is_so()
    {
        var predictor = new TargetPredictor(Stated, _time);
        for (var i = 0; i < 60; i++) predictor.Observe(Answer());
        var rates = predictor.Snapshot();
        Assert.Equal(200, rates.PrefillTokensPerSecond, 2);
        Assert.Equal(100, rates.DecodeTokensPerSecond, 2);
        Assert.Equal(0.3, rates.RoundTrip.TotalSeconds, 4);
    }

    [Fact]
    public void A_cold_answer_teaches_the_cold_start_and_nothing_about_the_round_trip()
    {
        var predictor = new TargetPredictor(Stated, _time);
        predictor.Observe(Answer() with { Cold = true, TimeToFirstToken = TimeSpan.FromSeconds(20.65) });
        var rates = predictor.Snapshot();
        Assert.Equal(12, rates.ColdStart.TotalSeconds, 6); // 20.65 - 0.05 - 0.5 - 0.1 = 20 seen
        Assert.Equal(0.1, rates.RoundTrip.TotalSeconds, 6);
    }

    [Fact]
    public void What_was_learned_is_forgotten_by_half_in_a_half_life()
    {
        var predictor = new TargetPredictor(Stated, _time, TimeSpan.FromMinutes(10));
        for (var i = 0; i < 60; i++) predictor.Observe(Answer());
        _time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(0.2, predictor.Snapshot().RoundTrip.TotalSeconds, 4);
        Assert.Equal(1 / 0.015, predictor.Snapshot().DecodeTokensPerSecond, 2);
        _time.Advance(TimeSpan.FromHours(10));
        Assert.Equal(50, predictor.Snapshot().DecodeTokensPerSecond, 4);
    }

    [Fact]
    public void A_target_that_reports_no_prefill_time_teaches_its_round_trip_only()
    {
        var predictor = new TargetPredictor(Stated, _time);
        predictor.Observe(Answer() with { PrefillReported = false, QueueTime = TimeSpan.Zero });
        Assert.Equal(500, predictor.Snapshot().PrefillTokensPerSecond, 6);
        Assert.Equal(0.1 + (0.2 * 0.55), predictor.Snapshot().RoundTrip.TotalSeconds, 6); // 0.85 - 100/500 = 0.65 seen
    }

    [Fact]
    public void Cached_tokens_and_short_answers_do_not_mislead()
    {
        var predictor = new TargetPredictor(Stated, _time);
        predictor.Observe(Answer() with { CachedTokens = 100 });
        Assert.Equal(500, predictor.Snapshot().PrefillTokensPerSecond, 6);
        predictor.Observe(Answer() with { TimeToFirstToken = null });
        Assert.Equal(1, predictor.Snapshot().Observations);

        var few = new TargetPredictor(Stated, _time);
        few.Observe(Answer() with { OutputTokens = 5, DecodeTime = TimeSpan.FromSeconds(0.04) });
        Assert.Equal(1 / 0.0195, few.Snapshot().DecodeTokensPerSecond, 6); // 4 of 16 tokens: a quarter of a fifth
    }

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
