using Hybrid.Engines.LlamaCpp.Batching;
using Hybrid.Models.Gguf;

namespace Hybrid.Engines.LlamaCpp;

/// <summary>Bytes that a model will take, from its file's header and the options alone.</summary>
/// <remarks>Not counted: the context of embeddings, made when the first are asked for, and the state of recurrent layers.</remarks>
internal static class MemoryEstimate
{
    private const long HalfFloat = 2;
    private const long Float = 4;

    // Vocabulary, merges and their tables, native and managed: measured at 320 to 400 bytes a token.
    private const long BytesPerVocabularyToken = 400;

    // llama.cpp makes a context of a multiple of these.
    private const long CellsAtOnce = 256;

    // Threads, graphs and what the allocators hold back.
    private const long Fixed = 8L << 20;

    /// <summary>The model of the options and, where there is one, the model that drafts for it.</summary>
    public static long Of(LlamaEngineOptions options)
    {
        var file = GgufFile.Open(options.ModelPath);
        var length = LlamaEngine.LengthOf(options, file.ContextLength);
        var total = Of(file, LlamaEngine.CellsOf(options, length), options.BatchSize, options.Outputs);
        return options.DraftModelPath is { } draft ? total + Of(GgufFile.Open(draft), length, options.BatchSize, outputs: 1) : total;
    }

    /// <summary>One model with one context.</summary>
    public static long Of(GgufFile file, long cells, int batch, int outputs)
    {
        var all = (cells + TilePadding.Tile + CellsAtOnce - 1) / CellsAtOnce * CellsAtOnce;
        return Fixed + file.Weights.Bytes + file.Weights.RepackedBytes + (file.VocabularySize * BytesPerVocabularyToken) + KvCache(file, all) + Compute(file, all, batch, outputs);
    }

    /// <summary>Keys and values of every layer in half precision.</summary>
    private static long KvCache(GgufFile file, long cells)
    {
        var heads = Math.Max(1, file.Number("attention.head_count") ?? 1);
        var width = (file.Number("embedding_length") ?? 0) / heads;
        var kvHeads = file.SumOverLayers("attention.head_count_kv") ?? file.SumOverLayers("attention.head_count") ?? 0;
        return cells * kvHeads * ((file.Number("attention.key_length") ?? width) + (file.Number("attention.value_length") ?? width)) * HalfFloat;
    }

    /// <summary>An allowance for a step of the largest batch: a few activations of a layer, the mask of the attention, the logits twice.</summary>
    private static long Compute(GgufFile file, long cells, int batch, int outputs)
    {
        var layer = (4 * (file.Number("embedding_length") ?? 0)) + (2 * (file.Number("feed_forward_length") ?? 0));
        return (batch * ((layer * Float) + (cells * Float))) + (2 * outputs * file.VocabularySize * Float);
    }
}
