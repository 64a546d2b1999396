using Hybrid.Targets;

namespace Hybrid.Tests.Engines.LlamaCpp;

[Collection("llama.cpp")]
public sealed class AllocationTests(SharedEngine shared)
{
    // The delivered string: 22 bytes and two for each character, rounded up to eight; tokens have few characters.
    private const int BytesPerToken = 64;

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
        const int Warm = 4;
        var perToken = (marks[count - 1] - marks[Warm]) / (double)(count - 1 - Warm);
        Assert.InRange(perToken, 0, BytesPerToken);
    }
}
