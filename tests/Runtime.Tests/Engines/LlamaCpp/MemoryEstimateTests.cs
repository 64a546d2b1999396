using Hybrid.Engines.LlamaCpp;
using Hybrid.Models.Gguf;
using Hybrid.Tests.Models.Gguf;

namespace Hybrid.Tests.Engines.LlamaCpp;

public class MemoryEstimateTests
{
    [Fact]
    public async Task A_draft_model_counts_too()
    {
        var alone = new LlamaEngineOptions { ModelPath = Starter.Cloud };
        var edge = new FileInfo(Starter.Edge).Length;
        var more = await LlamaEngine.EstimateMemoryAsync(alone with { DraftModelPath = Starter.Edge }) - await LlamaEngine.EstimateMemoryAsync(alone);
        Assert.InRange(more, edge, edge * 10);
    }

    [Fact]
    public async Task A_file_that_cannot_be_loaded_cannot_be_estimated()
    {
        var error = await Assert.ThrowsAsync<HybridException>(() => LlamaEngine.EstimateMemoryAsync(new() { ModelPath = "nowhere.gguf" }));
        Assert.Equal(HybridError.ModelFile, error.Error);
    }

    /// <summary>2 layers with 3 and 1 KV heads, keys of 16 and values of 8: (3 + 1) * (16 + 8) * 2 bytes = 192 bytes a cell.</summary>
    [Fact]
    public void Each_cell_holds_keys_and_values_of_every_layer()
    {
        var file = Header(3, 0, 0, 0, 1, 0, 0, 0);
        Assert.Equal(192 * 1024, Of(3072) - Of(2048));
        Assert.Equal(Of(1), Of(256 - 64)); // llama.cpp rounds up to 256, of which 64 are for padding
        Assert.Equal(192 * 256, Of(256 - 63) - Of(1));

        long Of(long cells) => MemoryEstimate.Of(file, cells, batch: 0, outputs: 0);
    }

    /// <summary>64 rows of 256 in Q4_0: 64 * 8 blocks of 18 bytes.</summary>
    [Fact]
    public void Weights_that_the_processor_wants_in_another_order_count_twice()
    {
        const int Bytes = 64 * 8 * 18;
        var (plain, repacked) = (Header(1, 0, 0, 0, 1, 0, 0, 0), Header([1, 0, 0, 0, 1, 0, 0, 0], matrix: true));
        Assert.Equal((Bytes, GgufTypes.IsRepacked("Q4_0") ? Bytes : 0), (repacked.Weights.Bytes - plain.Weights.Bytes, repacked.Weights.RepackedBytes));
        Assert.Equal(0, plain.Weights.RepackedBytes);
        Assert.Equal(repacked.Weights.RepackedBytes + Bytes, MemoryEstimate.Of(repacked, 16, 1, 1) - MemoryEstimate.Of(plain, 16, 1, 1));
    }

    private static GgufFile Header(params byte[] kvHeads) => Header(kvHeads, matrix: false);

    private static GgufFile Header(byte[] kvHeads, bool matrix)
    {
        const uint Array = 9;
        const byte UInt32 = 4;
        const uint Q40 = 2;
        var builder = new GgufBuilder { DataBytes = 1 << 14 }
            .Text("general.architecture", "gemma3").Number("gemma3.block_count", 2).Number("gemma3.context_length", 64).Number("gemma3.embedding_length", 8)
            .Number("gemma3.attention.head_count", 2).Number("gemma3.attention.key_length", 16).Number("gemma3.attention.value_length", 8)
            .Raw("gemma3.attention.head_count_kv", Array, [UInt32, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, .. kvHeads])
            .Texts("tokenizer.ggml.tokens", "a", "b", "c", "d").Tensor("token_embd.weight", [8, 4]);
        if (matrix)
            builder.Tensor("blk.0.ffn_up.weight", [256, 64], Q40, offset: 128);
        var bytes = builder.Build();
        return GgufFile.Read(new MemoryStream(bytes), bytes.Length, "made up");
    }
}
