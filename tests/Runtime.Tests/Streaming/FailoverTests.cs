using Hybrid.Accounting;
using Hybrid.Targets;

namespace Hybrid.Tests.Streaming;

public class FailoverTests
{
    private static readonly string[] Answer = ["Grüße", ",", " ", "wor", "ld", " 👩‍🚀", "!", "\n", "ende", "."];
    private static readonly string Whole = string.Concat(Answer);

    public static TheoryData<int, int> EveryTwoFaults()
    {
        var data = new TheoryData<int, int>();
        for (var first = 0; first <= Answer.Length; first++)
            for (var second = 0; second <= Answer.Length - first; second++) data.Add(first, second);
        return data;
    }

    [Theory]
    [MemberData(nameof(EveryTwoFaults))]
    public async Task The_stitched_text_is_the_whole_wherever_two_targets_fail(int first, int second)
    {
        var a = new ScriptedTarget("a", Answer) { FailAfter = first };
        var b = new ScriptedTarget("b", Answer) { FailAfter = second, EndsInstead = true };
        var c = new ScriptedTarget("c", Answer);
        var run = await new Conducting(new(), a, b, c).RunAsync();

        Assert.Equal(Whole, run.Text);
        Assert.Equal(string.Concat(Answer[..first]), Assert.Single(b.Received).Request.Continuation);
        Assert.Equal(string.Concat(Answer[..(first + second)]), Assert.Single(c.Received).Request.Continuation);
        Assert.Equal([RequestFinish.Failed, RequestFinish.Failed, RequestFinish.Stop], run.Receipt.Segments.Select(segment => segment.Finish));
        Assert.Equal([first, second, Answer.Length - first - second], run.Receipt.Segments.Select(segment => segment.OutputTokens));
        Assert.Equal(2, run.Receipt.Failovers);
        Assert.Equal(0, run.Receipt.WastedTokens);
    }

    [Theory]
    [InlineData(3, 1)]
    [InlineData(3, 3)]
    [InlineData(7, 2)]
    public async Task What_was_held_back_is_decoded_again_and_counted_as_wasted(int fail, int held)
    {
        var a = new ScriptedTarget("a", Answer) { FailAfter = fail, HeldBack = held };
        var b = new ScriptedTarget("b", Answer);
        var run = await new Conducting(new(), a, b).RunAsync(Conducting.Request with { MaxTokens = 50 });

        Assert.Equal(Whole, run.Text);
        Assert.Equal(string.Concat(Answer[..(fail - held)]), b.Received[0].Request.Continuation);
        Assert.Equal(50 - (fail - held), b.Received[0].Request.MaxTokens);
        Assert.Equal(held, run.Receipt.WastedTokens);
        Assert.Equal(Answer.Length + held, run.Receipt.OutputTokens);
    }

    [Fact]
    public async Task The_standby_is_asked_the_same_question_for_the_tokens_that_remain()
    {
        var request = Conducting.Request with
        {
            MaxTokens = 6,
            StopSequences = ["STOP"],
            Sampling = new() { Seed = 7, Temperature = 0.3f },
            Privacy = PrivacyClass.Secret,
            Deadline = DateTimeOffset.MaxValue,
        };
        var b = new ScriptedTarget("b", Answer);
        var run = await new Conducting(new(), new ScriptedTarget("a", Answer) { FailAfter = 4 }, b).RunAsync(request);

        Assert.Equal(request with { Continuation = string.Concat(Answer[..4]), MaxTokens = 2 }, b.Received[0].Request);
        Assert.Equal(string.Concat(Answer[..6]), run.Text);
        Assert.Equal(RequestFinish.Length, run.Receipt.Finish);
    }

    [Fact]
    public async Task A_target_that_fails_after_the_last_wanted_token_has_answered()
    {
        var b = new ScriptedTarget("b", Answer);
        var run = await new Conducting(new(), new ScriptedTarget("a", Answer) { FailAfter = 4 }, b).RunAsync(Conducting.Request with { MaxTokens = 4 });
        Assert.Equal(string.Concat(Answer[..4]), run.Text);
        Assert.Equal(RequestFinish.Length, run.Receipt.Finish);
        Assert.Empty(b.Received);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public async Task A_standby_that_cannot_go_on_is_used_only_before_the_first_text(int fail, bool used)
    {
        var a = new ScriptedTarget("a", Answer) { FailAfter = fail };
        var b = new ScriptedTarget("b", Answer);
        b.Descriptor = b.Descriptor with { Capabilities = TargetCapabilities.Chat };
        var c = new ScriptedTarget("c", Answer);
        var run = await new Conducting(new(), a, b, c).RunAsync();
        Assert.Equal(Whole, run.Text);
        Assert.Equal(used ? "b" : "c", run.Pieces[^1].Target);
        Assert.Equal(used ? [] : ["b: it cannot go on from delivered text"], run.Receipt.PassedOver);
    }

    [Theory]
    [InlineData(HybridError.TargetUnavailable, 3, true)]
    [InlineData(HybridError.Busy, 0, true)]
    [InlineData(HybridError.Internal, 3, true)]
    [InlineData(HybridError.ModelFile, 0, true)]
    [InlineData(HybridError.NativeLibrary, 0, true)]
    [InlineData(HybridError.Unauthorized, 0, true)]
    [InlineData(HybridError.ContextExceeded, 0, true)]
    [InlineData(HybridError.InvalidRequest, 0, false)]
    [InlineData(HybridError.InvalidRequest, 3, true)]
    [InlineData(HybridError.DeadlineExceeded, 3, false)]
    public async Task Which_errors_are_worth_another_target(HybridError error, int after, bool another)
    {
        var conducting = new Conducting(new(), new ScriptedTarget("a", Answer) { FailAfter = after, FailWith = error }, new ScriptedTarget("b", Answer));
        if (another)
        {
            Assert.Equal(Whole, (await conducting.RunAsync()).Text);
            Assert.Equal(error, conducting.Receipt.Segments[0].Error);
        }
        else
        {
            Assert.Equal(error, (await Assert.ThrowsAsync<HybridException>(() => conducting.RunAsync())).Error);
            Assert.Single(conducting.Receipt.Segments);
        }
    }

    [Fact]
    public async Task A_foreign_exception_is_the_targets_fault_and_worth_another()
    {
        var a = new ScriptedTarget("a", Answer) { FailAfter = 2, ThrowInstead = new InvalidOperationException("odd") };
        var b = new ScriptedTarget("b", Answer) { FailAfter = 2, ThrowInstead = new OperationCanceledException() };
        var run = await new Conducting(new(), a, b, new ScriptedTarget("c", Answer)).RunAsync();
        Assert.Equal(Whole, run.Text);
        Assert.Equal([HybridError.Internal, HybridError.Internal, null], run.Receipt.Segments.Select(segment => segment.Error));
    }

    [Theory]
    [InlineData(100, false)]
    [InlineData(101, true)]
    public async Task A_context_that_was_too_short_is_only_worth_a_longer_one(int length, bool asked)
    {
        var a = new ScriptedTarget("a", Answer) { FailAfter = 0, FailWith = HybridError.ContextExceeded };
        a.Descriptor = a.Descriptor with { ContextLength = 100 };
        var b = new ScriptedTarget("b", Answer);
        b.Descriptor = b.Descriptor with { ContextLength = length };
        var conducting = new Conducting(new(), a, b);
        if (asked) Assert.Equal(Whole, (await conducting.RunAsync()).Text);
        else Assert.Equal(HybridError.ContextExceeded, (await Assert.ThrowsAsync<HybridException>(() => conducting.RunAsync())).Error);
        Assert.Equal(asked ? 1 : 0, b.Received.Count);
    }

    [Theory]
    [InlineData(0.0005, 1)]
    [InlineData(0.00065, 2)]
    public async Task The_price_cap_binds_the_failovers_too(double cap, int attempts)
    {
        // $20 per million each way: 10 in and 10 expected cost $0.0004, 10 in and 2 out before the fault $0.00024.
        ScriptedTarget[] targets = [new("a", Answer) { FailAfter = 2 }, new("b", Answer)];
        foreach (var target in targets)
            target.Descriptor = target.Descriptor with { DollarsPerMillionInputTokens = 20, DollarsPerMillionOutputTokens = 20 };
        var conducting = new Conducting(new(), targets) { Policy = new() { Name = "capped", MaxDollarsPerRequest = cap } };
        if (attempts == 2) await conducting.RunAsync();
        else await Assert.ThrowsAsync<HybridException>(() => conducting.RunAsync());
        Assert.Equal(attempts, conducting.Receipt.Segments.Count);
        Assert.Equal(0.00024, conducting.Receipt.Segments[0].Dollars, 9);
        Assert.Equal(attempts == 2 ? 0 : 1, conducting.Receipt.PassedOver.Count);
    }

    [Fact]
    public async Task When_all_are_spent_the_first_error_surfaces_with_what_was_kept()
    {
        var conducting = new Conducting(
            new(),
            new ScriptedTarget("a", Answer) { FailAfter = 3, FailWith = HybridError.Busy },
            new ScriptedTarget("b", Answer) { FailAfter = 2, EndsInstead = true });
        var error = await Assert.ThrowsAsync<HybridException>(() => conducting.RunAsync());

        Assert.Equal(HybridError.Busy, error.Error);
        Assert.Contains("a failed after 3. 5 tokens were delivered and stay valid.", error.Message, StringComparison.Ordinal);
        Assert.Contains("b failed too (TargetUnavailable: Target 'b' ended its stream without completing the answer.)", error.Message, StringComparison.Ordinal);
        Assert.Equal(string.Concat(Answer[..5]), conducting.Text);
        Assert.Same(conducting.Receipt, error.Data[HybridUpdateKeys.Receipt]);
        Assert.Equal(RequestFinish.Failed, conducting.Receipt.Finish);
        Assert.Equal(HybridError.Busy, conducting.Receipt.Error);
        Assert.Equal(2, conducting.Receipt.Segments.Count);
    }
}
