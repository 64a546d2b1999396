namespace Hybrid.Tests.Engines.LlamaCpp;

[Collection("llama.cpp")]
public sealed class EmbeddingTests(SharedEngine shared)
{
    [Fact]
    public async Task Vectors_have_length_one_repeat_and_count_their_tokens()
    {
        string[] texts = ["The pump runs hot.", "A fan vibrates.", "The pump runs hot."];
        var result = await shared.Engine.EmbedAsync(texts, TestContext.Current.CancellationToken);
        Assert.All(result.Vectors, vector => Assert.Equal(1, Dot(vector, vector), 1e-5));
        Assert.Equal(result.Vectors[0].ToArray(), result.Vectors[2].ToArray());
        Assert.True(Dot(result.Vectors[0], result.Vectors[1]) < 0.9999);
        Assert.Equal(texts.Sum(text => shared.Engine.Tokenize(text).Count), result.Tokens);
    }

    [Fact]
    public async Task An_empty_or_too_long_text_is_refused()
    {
        var empty = await Assert.ThrowsAsync<HybridException>(() => shared.Engine.EmbedAsync([""]));
        Assert.Equal(HybridError.InvalidRequest, empty.Error);
        var words = string.Concat(Enumerable.Repeat(" pump", shared.Engine.Descriptor.ContextLength + 1));
        var long_ = await Assert.ThrowsAsync<HybridException>(() => shared.Engine.EmbedAsync([words]));
        Assert.Equal(HybridError.ContextExceeded, long_.Error);
    }

    [Fact]
    public async Task Embedding_beside_a_stream_changes_no_token_of_it()
    {
        var alone = await shared.Engine.AnswerAsync(Starter.Ask(Starter.Question));
        var stream = shared.Engine.AnswerAsync(Starter.Ask(Starter.Question));
        await shared.Engine.EmbedAsync(["The pump runs hot."], TestContext.Current.CancellationToken);
        Assert.Equal(alone.Tokens, (await stream).Tokens);
    }

    private static double Dot(ReadOnlyMemory<float> left, ReadOnlyMemory<float> right)
    {
        var sum = 0.0;
        for (var i = 0; i < left.Length; i++)
            sum += left.Span[i] * (double)right.Span[i];
        return sum;
    }
}
