using Hybrid.Engines.LlamaCpp;

namespace Hybrid.Tests.Engines.LlamaCpp;

[Collection("llama.cpp")]
public sealed class GenerationTests(SharedEngine shared)
{
    private LlamaEngine Engine => shared.Engine;

    [Theory]
    [InlineData("")]
    [InlineData(" pump-3 reads 91 °C\n\n  漢字 🙂 <|im_end|>")]
    public void A_text_comes_back_from_its_tokens(string text) =>
        Assert.Equal(text, shared.Engine.Detokenize(shared.Engine.Tokenize(text)));

    [Fact]
    public void A_token_outside_the_vocabulary_has_no_text() =>
        Assert.Equal(HybridError.InvalidRequest, Assert.Throws<HybridException>(() => shared.Engine.Detokenize([1 << 20])).Error);

    [Fact]
    public async Task A_fault_of_one_request_ends_that_one_alone()
    {
        var lone = await Engine.AnswerAsync(Starter.Ask("How do I check a boiler that leaks?"));
        var faulty = Engine.AnswerAsync(Starter.Ask(Starter.Question) with { OnToken = _ => throw new InvalidOperationException("observer's fault") });
        var healthy = Engine.AnswerAsync(Starter.Ask("How do I check a boiler that leaks?"));
        var error = await Assert.ThrowsAsync<HybridException>(() => faulty);
        Assert.Equal(HybridError.Internal, error.Error);
        Assert.Equal(lone.Tokens, (await healthy).Tokens);
    }
}
