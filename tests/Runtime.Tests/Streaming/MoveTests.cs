using Hybrid.Accounting;
using Hybrid.Policy;
using Hybrid.Streaming;
using Hybrid.Targets;
using Hybrid.Tests.Streaming.Simulated;

namespace Hybrid.Tests.Streaming;

/// <summary>When a stream moves, and what the reader sees of it, in virtual time.</summary>
public class MoveTests
{
    private static readonly RoutingPolicy ForQuality = new() { Name = "quality", DollarsPerSecond = 0.001, DollarsPerQualityPoint = 0.0001, ExpectedOutputTokens = TimedStream.AnswerTokens };
    private static readonly string Whole = Say(TimedStream.AnswerTokens);

    [Fact]
    public void The_device_speaks_at_once_and_the_pool_goes_on_when_it_is_awake()
    {
        var stream = new TimedStream { Policy = ForQuality };
        stream.Add("device", firstToken: 0.1, perToken: 0.04);
        var pool = stream.Add("pool", firstToken: 0.2, perToken: 0.01, cold: 5, quality: 0.9);
        stream.Run();

        Assert.Equal(Whole, stream.Text);
        Assert.Equal(0.1, stream.Left[0].At, 6);
        Assert.Equal((1, 1), (pool.Woken, pool.Received.Count));
        var handover = Assert.Single(stream.Receipt.Handovers);
        Assert.Equal(("device", "pool", HandoverReason.Plan), (handover.From, handover.To, handover.Reason));
        Assert.Equal(SimulatedModel.Tokens(pool.Received[0].Continuation), handover.AtToken);
        Assert.InRange(handover.AtToken, 120, 150); // 5 s at 25 tokens/s, and up to a second to build slack
        Assert.Equal([RequestFinish.Superseded, RequestFinish.Stop], stream.Receipt.Segments.Select(segment => segment.Finish));
        // Text came a fifth slower while slack was built, and never slower than that: the seam is not seen.
        Assert.InRange(stream.LongestGap, 0.01, 0.0501);
        Assert.InRange(handover.DiscardedTokens, 1, 6); // 0.2 s of the device's speech
        Assert.Equal(handover.DiscardedTokens, stream.Receipt.WastedTokens);
        Assert.Equal(0, stream.Receipt.Failovers);
        Assert.Same(handover, stream.Left.First(left => left.Piece.Target == "pool").Piece.Handover);
        Assert.Single(stream.Left, left => left.Piece.Handover is not null);
    }

    [Theory]
    [InlineData(0.005, 0.005)]
    [InlineData(0.5, 0.1)]
    public void The_pool_is_woken_behind_the_first_token_of_a_quick_device_and_soon_beside_a_slow_one(double firstToken, double wokenAt)
    {
        var stream = new TimedStream { Policy = ForQuality };
        stream.Add("device", firstToken, perToken: 0.04);
        var pool = stream.Add("pool", firstToken: 0.2, perToken: 0.01, cold: 5, quality: 0.9);
        stream.Run();
        Assert.Equal(firstToken, stream.Left[0].At, 6);
        Assert.Equal(wokenAt, pool.WokenAt.TotalSeconds, 3);
        Assert.Equal(Whole, stream.Text);
    }

    [Fact]
    public void A_pool_that_is_slower_than_it_says_is_given_more_slack_and_is_never_waited_for()
    {
        var stream = new TimedStream { Policy = ForQuality };
        stream.Add("device", firstToken: 0.1, perToken: 0.04);
        var pool = stream.Add("pool", firstToken: 1.5, perToken: 0.01, cold: 2, quality: 0.9, stated: 0.01);
        stream.Run();
        Assert.Equal(Whole, stream.Text);
        Assert.Equal("pool", stream.Left[^1].Piece.Target);
        Assert.Equal(2, pool.Received.Count);
        // A token's time, the slower pace, and at most the silence after which the device goes on.
        Assert.InRange(stream.LongestGap, 0.04, 0.05 + 0.05 + 0.001);
    }

    [Theory]
    [InlineData(0.012, 0.0026, 1.5, 0)]
    [InlineData(0.012, 0.0026, 0.8, 1)] // it unloads when it rests for a second
    [InlineData(0.02, 0.01, 1, 0)]
    public void A_pool_that_reads_slowly_reads_again_what_was_said_since_and_is_in_time(double perToken, double perReadToken, double cold, double idle)
    {
        var stream = new TimedStream { Policy = ForQuality };
        stream.Add("device", firstToken: 0.1, perToken);
        var pool = stream.Add("pool", firstToken: 0.05, perToken: 0.005, cold, quality: 0.95, read: perReadToken, idle: idle);
        stream.Run();
        Assert.Equal(Whole, stream.Text);
        Assert.Equal("pool", Assert.Single(stream.Receipt.Handovers).To);
        Assert.Equal(1, pool.Received.Count(asked => asked.MaxTokens != 1));
        Assert.InRange(pool.Received.Count, 2, 1 + Move.MostReads);
        Assert.InRange(stream.LongestGap, perToken, (perToken * 1.25) + 0.0011); // a timer is a millisecond long
    }

    [Fact]
    public void Where_the_pool_reads_slower_than_the_device_speaks_its_reading_ends()
    {
        var stream = new TimedStream { Policy = ForQuality };
        stream.Add("device", firstToken: 0.1, perToken: 0.04);
        var pool = stream.Add("pool", firstToken: 0.05, perToken: 0.02, cold: 3, quality: 0.9, read: 0.05, statedRead: 0.001);
        stream.Run();
        Assert.Equal(Whole, stream.Text);
        Assert.InRange(pool.Received.Count, 2, Move.MostReads + Move.MostTries);
        Assert.InRange(stream.LongestGap, 0.04, 0.1);
    }

    [Fact]
    public void A_pool_that_is_always_too_late_is_let_be()
    {
        var stream = new TimedStream { Policy = ForQuality };
        stream.Add("device", firstToken: 0.1, perToken: 0.005);
        var pool = stream.Add("pool", firstToken: 0.6, perToken: 0.001, cold: 1, quality: 0.5, stated: 0.001);
        stream.Run();
        Assert.Equal(Whole, stream.Text);
        Assert.Equal("device", stream.Left[^1].Piece.Target);
        Assert.InRange(pool.Received.Count, 1, Move.MostTries);
        Assert.InRange(stream.Receipt.WastedTokens, pool.Received.Count, 3 * Move.MostTries); // a token each, or so many as it takes to tell that it goes on
        Assert.InRange(stream.LongestGap, 0.001, 0.057);
    }

    [Fact]
    public void What_is_ahead_of_a_paced_reader_hides_the_seam()
    {
        var stream = new TimedStream { Policy = ForQuality with { TokensPerSecond = 5 }, Request = new() { Prompt = new TextPrompt("?"), MaxTokens = 60 } };
        stream.Add("device", firstToken: 0.1, perToken: 0.1);
        stream.Add("pool", firstToken: 2, perToken: 0.01, cold: 3, quality: 0.9);
        stream.Policy = stream.Policy with { ExpectedOutputTokens = 60 };
        stream.Run();
        Assert.Equal(Say(60), stream.Text);
        Assert.Equal("pool", stream.Left[^1].Piece.Target);
        Assert.Equal(0.2, stream.Receipt.Handovers[0].Gap!.Value.TotalSeconds, 6); // as between any two tokens
        Assert.Equal(0.4, stream.LongestGap, 6); // behind the seam two tokens came as one piece
        Assert.Equal(0.1 + (59 * 0.2), stream.Left[^2].At, 6);
    }

    [Fact]
    public void A_pool_that_dies_gives_the_stream_back()
    {
        var stream = new TimedStream { Policy = ForQuality };
        var device = stream.Add("device", firstToken: 0.1, perToken: 0.04);
        stream.Add("pool", firstToken: 0.2, perToken: 0.01, cold: 2, quality: 0.9, trouble: Trouble.Fails, after: 50);
        stream.Run();
        Assert.Equal(Whole, stream.Text);
        Assert.Equal(2, device.Received.Count);
        Assert.Equal([HandoverReason.Plan, HandoverReason.Fault], stream.Receipt.Handovers.Select(handover => handover.Reason));
        Assert.Equal([RequestFinish.Superseded, RequestFinish.Failed, RequestFinish.Stop], stream.Receipt.Segments.Select(segment => segment.Finish));
        Assert.Equal(1, stream.Receipt.Failovers);
    }

    [Fact]
    public void A_bridge_that_breaks_is_followed_by_the_pool_as_soon_as_it_is_awake()
    {
        var stream = new TimedStream { Policy = ForQuality };
        stream.Add("device", firstToken: 0.1, perToken: 0.04, trouble: Trouble.Fails, after: 10);
        stream.Add("pool", firstToken: 0.2, perToken: 0.01, cold: 2, quality: 0.9);
        stream.Run();
        Assert.Equal(Whole, stream.Text);
        Assert.Equal(HandoverReason.Fault, Assert.Single(stream.Receipt.Handovers).Reason);
        Assert.InRange(stream.LongestGap, 1.68, 2.3 - 0.46); // what had been kept back was delivered meanwhile
    }

    [Fact]
    public void In_a_race_the_first_to_speak_goes_on_and_the_other_is_stopped_and_counted()
    {
        var stream = new TimedStream();
        stream.Policy = stream.Policy with { HedgeAfter = TimeSpan.Zero };
        var slow = stream.Add("slow", firstToken: 3, perToken: 0.01, stated: 0.01);
        var quick = stream.Add("quick", firstToken: 0.3, perToken: 0.01, stated: 0.02);
        stream.Run();
        Assert.Equal(Whole, stream.Text);
        Assert.Equal(0.3, stream.Left[0].At, 6);
        Assert.Equal((1, 1), (slow.Received.Count, quick.Received.Count));
        Assert.Equal(HandoverReason.Race, Assert.Single(stream.Receipt.Handovers).Reason);
        var loser = stream.Receipt.Segments[0];
        Assert.Equal(("slow", RequestFinish.Superseded, TimeSpan.FromSeconds(0.3)), (loser.Target, loser.Finish, loser.TotalTime));
        Assert.Equal(0, slow.OpenStreams);
    }

    [Theory]
    [InlineData(0.2, false)]
    [InlineData(0.6, true)]
    public void A_second_is_asked_only_once_the_first_has_kept_the_reader_waiting(double firstToken, bool asked)
    {
        var stream = new TimedStream();
        stream.Policy = stream.Policy with { HedgeAfter = TimeSpan.FromSeconds(0.5) };
        stream.Add("first", firstToken, perToken: 0.01, stated: 0.01);
        var second = stream.Add("second", firstToken: 0.3, perToken: 0.01);
        stream.Run();
        Assert.Equal(Whole, stream.Text);
        Assert.Equal(asked ? 1 : 0, second.Received.Count);
        Assert.Equal("first", stream.Left[^1].Piece.Target); // it spoke after 0.6 s, the second would have after 0.8
        Assert.Empty(stream.Receipt.Handovers);
    }

    [Theory]
    [InlineData(Trouble.Stalls)]
    [InlineData(Trouble.Hangs)]
    public void Silence_longer_than_the_policy_bears_is_a_fault(Trouble trouble)
    {
        var stream = new TimedStream();
        stream.Policy = stream.Policy with { MaxTokenGap = TimeSpan.FromSeconds(1) };
        stream.Add("first", firstToken: 0.1, perToken: 0.01, trouble: trouble, after: 20);
        stream.Add("second", firstToken: 0.3, perToken: 0.01);
        stream.Run();
        Assert.Equal(Whole, stream.Text);
        var handover = Assert.Single(stream.Receipt.Handovers);
        Assert.Equal((HandoverReason.Silence, 20), (handover.Reason, handover.AtToken));
        Assert.Equal(1.3, handover.Gap!.Value.TotalSeconds, 6);
        Assert.Equal("Target 'first' said nothing for 1 s.", stream.Receipt.Segments[0].ErrorMessage);
    }

    [Fact]
    public void A_reader_who_pauses_is_no_silence()
    {
        var stream = new TimedStream();
        stream.Policy = stream.Policy with { MaxTokenGap = TimeSpan.FromSeconds(1) };
        stream.Add("first", firstToken: 0.1, perToken: 0.01);
        stream.Add("second", firstToken: 0.3, perToken: 0.01);
        var pieces = 0;
        stream.OnPiece = _ =>
        {
            if (++pieces == 30) stream.Time.Pass(TimeSpan.FromMinutes(1));
        };
        stream.Run();
        Assert.Equal(Whole, stream.Text);
        Assert.Empty(stream.Receipt.Handovers);
    }

    [Fact]
    public void The_rest_goes_where_it_is_cheaper_once_that_is_ready()
    {
        // The pool is best and not ready; the policy forbids to speak for it, so that only a look in mid-stream finds it awake.
        var stream = new TimedStream { Policy = ForQuality };
        stream.Add("device", firstToken: 0.1, perToken: 0.04);
        var pool = stream.Add("pool", firstToken: 0.1, perToken: 0.01, quality: 0.9);
        pool.MakeUnavailable();
        stream.Time.After(3, pool.MakeWarm);
        stream.Run();
        Assert.Equal(Whole, stream.Text);
        var handover = Assert.Single(stream.Receipt.Handovers);
        Assert.Equal(("pool", HandoverReason.Price), (handover.To, handover.Reason));
        Assert.InRange(stream.LongestGap, 0.01, 0.0501);
    }

    [Fact]
    public void Without_handovers_only_a_fault_moves_a_stream()
    {
        var stream = new TimedStream { Policy = ForQuality with { Handover = false, DollarsPerSecond = 1 } };
        stream.Add("device", firstToken: 0.1, perToken: 0.04);
        stream.Add("pool", firstToken: 0.1, perToken: 0.01, cold: 20, quality: 0.9);
        stream.Run();
        Assert.Equal(Whole, stream.Text);
        Assert.Empty(stream.Receipt.Handovers);
        Assert.Single(stream.Receipt.Segments);
    }

    [Fact]
    public void A_target_that_started_over_is_not_asked_to_go_on_again()
    {
        var stream = new TimedStream();
        var first = stream.Add("first", firstToken: 0.1, perToken: 0.01, trouble: Trouble.Fails, after: 30);
        var liar = stream.Add("liar", firstToken: 0.1, perToken: 0.01, trouble: Trouble.StartsOver, stated: 0.2);
        var honest = stream.Add("honest", firstToken: 0.1, perToken: 0.01, stated: 0.3);
        stream.Run();
        Assert.Equal(Whole, stream.Text);
        Assert.Equal("Target 'liar' was asked to go on and said again what was said.", stream.Receipt.Segments[1].ErrorMessage);
        stream.Run();
        Assert.Equal(Whole, stream.Text);
        Assert.Equal((2, 1, 2), (first.Received.Count, liar.Received.Count, honest.Received.Count));
        Assert.Equal("liar: it started its answer over when it was asked to go on", Assert.Single(stream.Receipt.PassedOver));
    }

    [Fact]
    public void The_slack_of_a_finished_answer_leaves_at_once()
    {
        var stream = new TimedStream { Policy = ForQuality };
        stream.Add("device", firstToken: 0.1, perToken: 0.01);
        stream.Add("pool", firstToken: 0.5, perToken: 0.01, cold: 3.7, quality: 0.9);
        stream.Policy = stream.Policy with { ExpectedOutputTokens = 500 }; // it ends sooner than expected
        stream.Run();
        Assert.Equal(Whole, stream.Text);
        Assert.Equal(0.1 + (TimedStream.AnswerTokens * 0.01), stream.Left[^1].At, 6);
    }

    [Fact]
    public void Before_a_cap_is_passed_the_stream_goes_where_it_costs_nothing()
    {
        // A hundred tokens were expected and four hundred come; each costs a thousandth of the cap.
        var stream = new TimedStream { Policy = ForQuality with { ExpectedOutputTokens = 100, MaxDollarsPerRequest = 0.2 } };
        stream.Add("device", firstToken: 0.1, perToken: 0.05, quality: 0.1);
        stream.Add("dear", firstToken: 0.1, perToken: 0.05, quality: 0.9, dollarsPerToken: 0.001);
        stream.Policy = stream.Policy with { DollarsPerQualityPoint = 0.01 };
        stream.Run();
        Assert.Equal(Whole, stream.Text);
        var handover = Assert.Single(stream.Receipt.Handovers);
        Assert.Equal(("device", HandoverReason.Cap), (handover.To, handover.Reason));
        Assert.InRange(stream.Receipt.Dollars, 0.1, 0.2);
    }

    [Fact]
    public void Where_nobody_can_go_on_a_cap_ends_the_answer_and_keeps_what_was_said()
    {
        var stream = new TimedStream { Policy = ForQuality with { ExpectedOutputTokens = 100, MaxDollarsPerRequest = 0.2 } };
        stream.Add("dear", firstToken: 0.1, perToken: 0.05, dollarsPerToken: 0.001);
        stream.Run();
        Assert.Equal(HybridError.BudgetExceeded, stream.Error!.Error);
        Assert.StartsWith("The answer has cost $0.2, and policy 'quality' caps a request at $0.2.", stream.Error.Message, StringComparison.Ordinal);
        Assert.Contains("200 tokens were delivered and stay valid", stream.Error.Message, StringComparison.Ordinal);
        Assert.Equal(Say(200), stream.Text);
        Assert.Equal(0.2, stream.Receipt.Dollars, 9);
    }

    [Fact]
    public void While_another_target_is_asked_to_go_on_a_cap_still_ends_the_answer()
    {
        // The pool never answers, and what the device says beyond the freeze point is paid for too.
        const double Price = 0.00001;
        var (_, asked) = Ask(1);
        var (stream, _) = Ask((asked + 3) * Price);
        Assert.Equal(HybridError.BudgetExceeded, stream.Error!.Error);
        Assert.Equal((asked + 3) * Price, stream.Receipt.Dollars, 9);
        Assert.Equal(Say(asked), stream.Text);

        static (TimedStream Stream, int AskedAt) Ask(double cap)
        {
            var stream = new TimedStream { Policy = ForQuality with { ExpectedOutputTokens = 60, MaxDollarsPerRequest = cap, DollarsPerSecond = 0.01, TokensPerSecond = 10 } };
            stream.Add("device", firstToken: 0.1, perToken: 0.02, quality: 0.1, dollarsPerToken: Price);
            var pool = stream.Add("pool", firstToken: 0.5, perToken: 0.001, cold: 1, quality: 0.9, trouble: Trouble.Hangs);
            stream.Run();
            return (stream, SimulatedModel.Tokens(pool.Received[0].Continuation));
        }
    }

    [Theory]
    [InlineData(0.25, 2)]
    [InlineData(0.15, 1)]
    public void Nobody_races_whose_price_beside_the_firsts_passes_a_cap(double cap, int asked)
    {
        var stream = new TimedStream { Policy = new() { Name = "race", ExpectedOutputTokens = 100, MaxDollarsPerRequest = cap, HedgeAfter = TimeSpan.Zero } };
        stream.Request = stream.Request with { MaxTokens = 100 };
        SimulatedTarget[] targets = [stream.Add("one", firstToken: 0.2, perToken: 0.01, dollarsPerToken: 0.001), stream.Add("two", firstToken: 0.1, perToken: 0.01, dollarsPerToken: 0.001)];
        stream.Run();
        Assert.Equal(Say(100), stream.Text);
        Assert.Equal(asked, targets.Sum(target => target.Received.Count));
        Assert.Equal(asked == 1, stream.Receipt.PassedOver.Any(passed => passed.StartsWith("two: as a rival: $0.1 spent and $0.1 predicted pass the cap", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_battery_that_runs_low_in_mid_stream_moves_the_rest_off_the_device()
    {
        var stream = new TimedStream { BatteryLeft = 0.21 };
        stream.Policy = stream.Policy with { MinBattery = 0.2 };
        stream.Add("device", firstToken: 0.1, perToken: 0.04);
        stream.Add("pool", firstToken: 0.2, perToken: 0.04, zone: Zone.Site);
        stream.Time.After(3, () => stream.BatteryLeft = 0.19);
        stream.Run();
        Assert.Equal(Whole, stream.Text);
        var handover = Assert.Single(stream.Receipt.Handovers);
        Assert.Equal(("device", "pool", HandoverReason.Battery), (handover.From, handover.To, handover.Reason));
        Assert.Contains("less is left of the battery than the policy keeps", handover.ToString(), StringComparison.Ordinal);
        Assert.InRange(handover.AtToken, 75, 115); // 3 s, up to a second until it is looked at, and the slack
    }

    [Theory]
    [InlineData(0.3, 0.5, 1)]
    [InlineData(0.7, 0.5, 0)]
    [InlineData(0.3, null, 0)]
    public void An_unsure_model_gives_way_to_a_better_one(double sure, double? least, int moves)
    {
        var stream = new TimedStream();
        stream.Policy = stream.Policy with { MinConfidence = least, Handover = false };
        stream.Add("small", firstToken: 0.1, perToken: 0.05, quality: 0.3, sure: sure);
        stream.Add("large", firstToken: 0.3, perToken: 0.05, quality: 0.9, sure: 0.99, stated: 1);
        stream.Run();
        Assert.Equal(Whole, stream.Text);
        Assert.Equal(moves, stream.Receipt.Handovers.Count(handover => handover is { To: "large", Reason: HandoverReason.Confidence }));
        Assert.Equal(moves, stream.Receipt.Handovers.Count);
        Assert.All(stream.Left, left => Assert.Null(left.Piece.Scores)); // the app did not ask for them
        Assert.InRange(stream.LongestGap, 0.04, 0.0626);
    }

    private static string Say(int tokens)
    {
        var (text, state) = ("", SimulatedModel.Begin(0));
        for (var i = 0; i < tokens; i++)
        {
            var token = SimulatedModel.Next(state);
            state = SimulatedModel.Read(token, state);
            text += token;
        }

        return text;
    }
}
