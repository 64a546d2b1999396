using Hybrid.Engines.LlamaCpp;
using Hybrid.Engines.LlamaCpp.Batching;
using Hybrid.Engines.LlamaCpp.Native;

namespace Hybrid.Tests.Engines.LlamaCpp;

[Collection("llama.cpp")]
public sealed class PaddingTests
{
    [Fact]
    public async Task Padding_changes_no_choice_and_leaves_nothing_behind()
    {
        const int Cells = 1024;
        NativeLibraries.EnsureLoaded(null);
        using var model = await LlamaModel.LoadAsync(Starter.Edge, 0, null, TestContext.Current.CancellationToken);
        using var context = new DecodeContext(model, new(Cells, BatchSize: 512, Outputs: 1, Sequences: 1, Threads: 1, Poll: 0));
        Decode(context, 512, 0);
        var alone = Decode(context, 40, 512);
        context.Forget(0, 512, -1);
        var padded = Decode(context, 40, 512, padding: TilePadding.Tile - 40);
        Assert.Equal(alone.IndexOfMax, padded.IndexOfMax);
        Assert.InRange(padded.Max, alone.Max - 0.2f, alone.Max + 0.2f);
        for (var filled = 552; filled < Cells; filled += 8)
            Decode(context, 8, filled, padding: TilePadding.Tile - 8); // to the last cell
    }

    private static (int IndexOfMax, float Max) Decode(DecodeContext context, int tokens, int position, int padding = 0)
    {
        context.Clear();
        for (var i = 0; i < tokens; i++)
            context.Add(256 + ((position + i) * 7 % 700), position + i, 0, output: i == tokens - 1);
        context.Pad(padding);
        Assert.Equal((0, tokens), (context.Decode(ticket: 1), context.Count));
        var logits = context.Logits(tokens - 1).ToArray();
        return (Array.IndexOf(logits, logits.Max()), logits.Max());
    }
}
