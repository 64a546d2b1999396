using Hybrid.Targets;

namespace Hybrid.Tests.Engines.LlamaCpp;

[Collection("llama.cpp")]
public sealed class AllocationTests(SharedEngine shared)
{
    // The delivered string: 22 bytes and two for each character, rounded up to eight; tokens have few characters.
    private const int BytesPerToken = 64;

    // Once for a request, whatever its length: the channel's ring grows to its bound, and a sleeping reader is woken.
    private const int BytesPerRequest = 16 << 10;

    [Theory]
    [InlineData(0f, 0)]
    [InlineData(1f, 40)]
    [InlineData(100f, 0)]
    public async Task The_decode_thread_allocates_no_more_than_the_delivered_text(float temperature, int topK)
    {
        var marks = new long[600];
        var count = 0;
        var request = Starter.Ask(Starter.Question, 200) with
        {
            Sampling = new() { Temperature = temperature, TopK = topK, TopP = 1, MinP = 0, RepetitionPenalty = 1.01f, Seed = 4 },
            OnToken = _ => marks[count++] = GC.GetAllocatedBytesForCurrentThread(),
        };
        await foreach (var update in shared.Engine.GenerateAsync(request, TestContext.Current.CancellationToken))
            _ = update;
        Assert.True(count > 12, $"Only {count} tokens came.");
        var steps = Enumerable.Range(1, count - 1).Select(i => marks[i] - marks[i - 1]).Order().ToArray();
        Assert.InRange(steps[steps.Length * 3 / 4], 0, BytesPerToken);
        Assert.InRange(steps.Where(step => step > BytesPerToken).Sum(), 0, BytesPerRequest);
    }
}
