using Hybrid.Accounting;
using Hybrid.Targets;

namespace Hybrid.Tests.Streaming;

public class ToolFailoverTests
{
    private static readonly DecodeUpdate[] Whole =
        [new("Let me see.", 3), CallingTarget.Call("", "1", "read", "{}"), CallingTarget.End(DecodeFinish.ToolCalls)];

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Another_target_goes_on_while_only_text_was_delivered(int delivered)
    {
        var standby = new CallingTarget("b", Whole[delivered..]);
        var run = await new Conducting(new(), new CallingTarget("a", Whole[..delivered]) { Fails = true }, standby).RunAsync();
        Assert.Equal("Let me see.", run.Text);
        Assert.Equal("1", Assert.Single(run.Pieces, piece => piece.ToolCall is not null).ToolCall!.Id);
        Assert.Equal(delivered == 0 ? "" : "Let me see.", standby.Received[0].Continuation);
        Assert.Equal(RequestFinish.ToolCalls, run.Receipt.Finish);
    }

    [Fact]
    public async Task A_delivered_call_is_never_repeated()
    {
        var standby = new CallingTarget("b", Whole);
        var run = new Conducting(new(), new CallingTarget("a", Whole[..2]) { Fails = true }, standby);
        var error = await Assert.ThrowsAsync<HybridException>(() => run.RunAsync());
        Assert.Equal(HybridError.TargetUnavailable, error.Error);
        Assert.Contains("8 tokens were delivered and stay valid", error.Message, StringComparison.Ordinal);
        Assert.Empty(standby.Received);
        Assert.Single(run.Pieces, piece => piece.ToolCall is not null);
    }
}
