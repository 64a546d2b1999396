using Hybrid.Engines.LlamaCpp;
using Hybrid.Engines.LlamaCpp.Native;

namespace Hybrid.Tests.Engines.LlamaCpp;

[Collection("llama.cpp")]
public sealed class AbortTests
{
    [Fact]
    public async Task Only_the_decode_that_is_meant_returns_early()
    {
        NativeLibraries.EnsureLoaded(null);
        var options = new LlamaEngineOptions { ModelPath = Starter.Edge, Slots = 2, Threads = 1 };
        using var model = await LlamaModel.LoadAsync(Starter.Edge, 0, null, TestContext.Current.CancellationToken);
        using var context = new DecodeContext(model, options, 512, embeddings: false);
        var prompt = new int[200];
        context.Abort(ticket: 2);
        Assert.Equal(0, context.Decode(prompt, 0, 0, ticket: 1));
        Assert.Equal(2, context.Decode(prompt, 0, 1, ticket: 2));
        Assert.Equal(0, context.Decode(prompt, 200, 0, ticket: 1));
        context.AbortAll();
        Assert.Equal(2, context.Decode(prompt.AsSpan(0, 100), 400, 0, ticket: 1));
    }
}
