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
        using var model = await LlamaModel.LoadAsync(Starter.Edge, 0, null, TestContext.Current.CancellationToken);
        using var context = new DecodeContext(model, new(Cells: 1024, BatchSize: 512, Outputs: 1, Sequences: 2, Threads: 1, Poll: 0));
        context.Abort(ticket: 2);
        Assert.Equal(0, Decode(context, 200, 0, 0, ticket: 1));
        Assert.Equal(2, Decode(context, 200, 0, 1, ticket: 2));
        Assert.Equal(0, Decode(context, 200, 200, 0, ticket: 1));
        context.AbortAll();
        Assert.Equal(2, Decode(context, 100, 400, 0, ticket: 1));
    }

    private static int Decode(DecodeContext context, int tokens, int position, int sequence, long ticket)
    {
        context.Clear();
        for (var i = 0; i < tokens; i++)
            context.Add(0, position + i, sequence, output: i == tokens - 1);
        return context.Decode(ticket);
    }
}
