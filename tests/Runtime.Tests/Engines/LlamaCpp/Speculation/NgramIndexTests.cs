using Hybrid.Engines.LlamaCpp.Speculation;

namespace Hybrid.Tests.Engines.LlamaCpp.Speculation;

public sealed class NgramIndexTests
{
    [Fact]
    public void What_followed_last_time_is_guessed()
    {
        var (index, drafts) = (new NgramIndex(4096), new int[4]);
        int[] history = [1, 2, 3, 4, 5, 6, 7, 1, 2, 3];
        index.Extend(history);
        Assert.Equal(4, index.Guess(history, drafts));
        Assert.Equal([4, 5, 6, 7], drafts);
    }

    [Fact]
    public void A_new_ending_gives_no_guess()
    {
        var index = new NgramIndex(4096);
        int[] history = [1, 2, 3, 4, 5, 6];
        index.Extend(history);
        Assert.Equal(0, index.Guess(history, new int[4]));
    }

    [Fact]
    public void A_repetition_is_continued_beyond_its_end()
    {
        var (index, drafts) = (new NgramIndex(4096), new int[6]);
        int[] history = [7, 8, 7, 8, 7, 8];
        index.Extend(history);
        index.Guess(history, drafts);
        Assert.Equal([7, 8, 7, 8, 7, 8], drafts);
    }

    [Fact]
    public void The_rate_rises_with_copies_and_falls_with_novelty()
    {
        var index = new NgramIndex(4096);
        var copy = Enumerable.Range(0, 60).Concat(Enumerable.Range(0, 60)).ToArray();
        index.Extend(copy);
        Assert.True(index.HitRate > 0.9);
        var random = new Random(1);
        index.Extend([.. copy, .. Enumerable.Range(0, 2000).Select(_ => random.Next(6))]);
        Assert.True(index.HitRate < 0.5);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(9)]
    public void It_does_not_matter_how_the_history_arrives(int seed)
    {
        var random = new Random(seed);
        var history = Enumerable.Range(0, 400).Select(_ => random.Next(4)).ToArray();
        var (whole, pieces) = (new NgramIndex(4096), new NgramIndex(4096));
        whole.Extend(history);
        for (var end = 1; end <= history.Length; end++)
            pieces.Extend(history.AsSpan(0, end));
        var (one, other) = (new int[8], new int[8]);
        Assert.Equal(whole.Guess(history, one), pieces.Guess(history, other));
        Assert.Equal(one, other);
        Assert.Equal(whole.HitRate, pieces.HitRate);
    }
}
