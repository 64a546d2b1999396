using Hybrid.Streaming;

namespace Hybrid.Tests.Streaming;

public class SeamGuardTests
{
    private const string Said = "The lighthouse stood at the edge of the cliff, and every night its beam swept over";

    [Theory]
    [InlineData(" the dark water.")]
    [InlineData("The ships")]
    [InlineData("The lighthouse keeper slept.")]
    [InlineData("its beam swept on.")]
    public void Text_that_goes_on_is_let_through_at_its_first_difference(string text) =>
        Assert.Equal(SeamGuard.Verdict.Sound, new SeamGuard(Said).Hear(text));

    [Theory]
    [InlineData("The lighthouse stood at the edge")]
    [InlineData(" \n The lighthouse stood at the edge")]
    [InlineData("every night its beam swept over the sea")]
    [InlineData(" and every night its beam swept over the sea")]
    public void Text_that_starts_over_or_says_the_end_again_is_not(string text) =>
        Assert.Equal(SeamGuard.Verdict.Repeats, new SeamGuard(Said).Hear(text));

    [Fact]
    public void It_waits_while_it_may_be_either()
    {
        var guard = new SeamGuard(Said);
        Assert.Equal(SeamGuard.Verdict.Undecided, guard.Hear("The light"));
        Assert.Equal(SeamGuard.Verdict.Undecided, guard.Hear("house stood"));
        Assert.Equal(SeamGuard.Verdict.Sound, guard.Hear(" dark."));
    }

    [Theory]
    [InlineData("The light", false)]
    [InlineData("The lighthouse", true)]
    public void An_end_before_it_can_be_told_is_taken_by_its_length(string text, bool repeats)
    {
        var guard = new SeamGuard(Said);
        Assert.Equal(SeamGuard.Verdict.Undecided, guard.Hear(text));
        Assert.Equal(repeats ? SeamGuard.Verdict.Repeats : SeamGuard.Verdict.Sound, guard.End());
    }

    [Fact]
    public void An_answer_that_repeats_itself_may_go_on_doing_so()
    {
        const string Verse = "row, row, row your boat gently down the stream\n";
        Assert.Equal(SeamGuard.Verdict.Sound, new SeamGuard(Verse + Verse).Hear(Verse));
        Assert.Equal(SeamGuard.Verdict.Sound, new SeamGuard(new string('x', 30)).Hear(new string('x', 30)));
        Assert.Equal(SeamGuard.Verdict.Repeats, new SeamGuard(Verse).Hear(Verse));
    }

    [Fact]
    public void Of_too_little_text_nothing_can_be_told() => Assert.Equal(SeamGuard.Verdict.Sound, new SeamGuard("Sure, here").Hear("Sure, here is"));
}
