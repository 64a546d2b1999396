using Hybrid.Models.Gguf;

namespace Hybrid.Tests.Models.Gguf;

public class GgufFileTests
{
    [Fact]
    public void A_right_file_says_what_it_is()
    {
        var file = Read(GgufBuilder.Small().Text("general.name", "tiny").Text("tokenizer.chat_template", "x"));
        Assert.Equal(("llama", "tiny", "x", 64L, 4, 32L), (file.Architecture, file.Name, file.ChatTemplate, file.ContextLength, file.VocabularySize, file.ParameterCount));
    }

    [Fact]
    public void A_model_for_another_engine_names_that()
    {
        var folder = Directory.CreateTempSubdirectory("hybrid-gguf-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "genai_config.json"), "{}");
            File.WriteAllText(Path.Combine(folder, "model.onnx"), "onnx");
            foreach (var path in new[] { folder, Path.Combine(folder, "model.onnx") })
                Assert.Contains("the adapter OnnxRuntimeGenAI takes", Assert.Throws<HybridException>(() => GgufFile.Open(path)).Message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    public static TheoryData<string, string> Faults => new()
    {
        { "version", "GGUF version is 9" },
        { "tensors", "announces 4611686018427387904 tensors" },
        { "twice", "'general.architecture' is there twice" },
        { "type", "value of unknown type 77" },
        { "architecture", "no 'general.architecture'" },
        { "unknown", "architecture 'madeup' is not one" },
        { "blocks", "'llama.block_count' is 4294967295" },
        { "missing", "'llama.context_length' is missing" },
        { "vocabulary", "token 'a' is in the vocabulary twice" },
        { "scores", "'tokenizer.ggml.token_type' has 1 items" },
        { "shard", "'split.no' is no whole number of 16 bits" },
        { "alignment", "'general.alignment' is 3" },
        { "alignment-large", "'general.alignment' is 2147483648" },
        { "dimensions", "has 9 dimensions" },
        { "huge", "has a dimension of 4294967296" },
        { "tensor-type", "has the unknown type 4" },
        { "row", "rows of 8, not a multiple of the 32" },
        { "embedding", "has 5 rows and the vocabulary 4 tokens" },
        { "offset", "begins at 5, not at a multiple" },
        { "far", "begins at 18446744073709551584, beyond any file" },
        { "overlap", "overlaps the one before it" },
        { "cut", "it is cut short" },
        { "same-tensor", "tensor 'token_embd.weight' is there twice" },
        { "layers", "'llama.block_count' is 513, outside 1 to 512" },
        { "next", "'llama.nextn_predict_layers' is 2, outside 0 to 1" },
        { "experts", "'llama.expert_count' is 2 and none is used" },
        { "many-experts", "'llama.expert_count' is 1025" },
        { "used-experts", "'llama.expert_used_count' is 3, outside 0 to 2" },
        { "groups", "its 4 experts cannot be in 3 groups" },
        { "no-experts", "'qwen3moe.expert_count' is missing" },
        { "no-heads", "'llama.attention.head_count' is missing" },
        { "sections", "'qwen2vl.rope.dimension_sections' is missing" },
        { "scaling", "'llama.rope.scaling.type' is 'x'" },
        { "rotation", "it rotates 2 of 4 dimensions" },
        { "keys", "keys of 8 and values of 4" },
        { "epsilon", "'llama.attention.layer_norm_rms_epsilon' is -1" },
        { "not-a-number", "'llama.rope.freq_base' is NaN" },
        { "tokens-text", "'tokenizer.ggml.tokens' is not a list" },
        { "tokens-numbers", "'tokenizer.ggml.tokens' is not a list of texts" },
        { "zero-in-token", "is in the vocabulary twice" },
        { "empty-token", "is in the vocabulary twice" },
        { "bytes", "no token for the byte 00" },
        { "tokenizer", "'tokenizer.ggml.model' is 'bert'" },
        { "start", "texts get the token 'tokenizer.ggml.bos_token_id' and there is none: it is 9" },
        { "zero-in-key", "is no printable word" },
        { "empty-key", "the length of a key" },
        { "nested", "an array of unknown type 9" },
        { "part", "it is part 2 of 2" },
        { "part-beyond", "it says that it is part 4 of 2" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_fault_is_refused_in_words(string fault, string message)
    {
        var small = GgufBuilder.Small();
        var broken = fault switch
        {
            "version" => new GgufBuilder { Version = 9 },
            "tensors" => new GgufBuilder { TensorCount = 1UL << 62 },
            "twice" => small.Text("general.architecture", "llama"),
            "type" => small.Raw("x", 77),
            "architecture" => new GgufBuilder().Number("x", 1),
            "unknown" => new GgufBuilder().Text("general.architecture", "madeup"),
            "blocks" => new GgufBuilder().Text("general.architecture", "llama").Number("llama.block_count", uint.MaxValue),
            "missing" => new GgufBuilder().Text("general.architecture", "llama").Number("llama.block_count", 1),
            "vocabulary" => Header().Texts("tokenizer.ggml.tokens", "a", "b", "a"),
            "scores" => small.Texts("tokenizer.ggml.token_type", "x"),
            "shard" => small.Number("split.count", 2).Number("split.no", 0),
            "alignment" => small.Number("general.alignment", 3),
            "alignment-large" => small.Number("general.alignment", 1u << 31),
            "dimensions" => small.Tensor("t", [1, 1, 1, 1, 1, 1, 1, 1, 1], offset: 128),
            "huge" => small.Tensor("t", [1UL << 32, 1UL << 32], offset: 128),
            "tensor-type" => small.Tensor("t", [8], type: 4, offset: 128),
            "row" => small.Tensor("t", [8], type: 8, offset: 128),
            "embedding" => Header().Texts("tokenizer.ggml.tokens", "a", "b", "c", "d").Tensor("token_embd.weight", [8, 5]),
            "offset" => small.Tensor("t", [8], offset: 5),
            "far" => small.Tensor("t", [8], offset: ulong.MaxValue - 31),
            "overlap" => small.Tensor("t", [8], offset: 96),
            "cut" => small.Tensor("t", [8], offset: 128),
            "layers" => new GgufBuilder().Text("general.architecture", "llama").Number("llama.block_count", 513),
            "next" => small.Number("llama.nextn_predict_layers", 2),
            "experts" => small.Number("llama.expert_count", 2),
            "many-experts" => small.Number("llama.expert_count", 1025),
            "used-experts" => small.Number("llama.expert_count", 2).Number("llama.expert_used_count", 3),
            "groups" => small.Number("llama.expert_count", 4).Number("llama.expert_used_count", 2).Number("llama.expert_group_count", 3).Number("llama.expert_group_used_count", 1),
            "no-experts" => Header("qwen3moe"),
            "no-heads" => new GgufBuilder().Text("general.architecture", "llama").Number("llama.block_count", 1).Number("llama.context_length", 64).Number("llama.embedding_length", 8),
            "sections" => Header("qwen2vl"),
            "scaling" => small.Text("llama.rope.scaling.type", "x"),
            "rotation" => small.Number("llama.rope.dimension_count", 2),
            "keys" => small.Number("llama.attention.key_length", 8),
            "epsilon" => small.Raw("llama.attention.layer_norm_rms_epsilon", 6, BitConverter.GetBytes(-1f)),
            "not-a-number" => small.Raw("llama.rope.freq_base", 6, BitConverter.GetBytes(float.NaN)),
            "tokens-text" => Header().Text("tokenizer.ggml.tokens", "a"),
            "tokens-numbers" => Header().Raw("tokenizer.ggml.tokens", 9, [4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0]),
            "zero-in-token" => Header().Texts("tokenizer.ggml.tokens", "a", "a\0b"),
            "empty-token" => Header().Texts("tokenizer.ggml.tokens", "", "[EMPTY_0]"),
            "bytes" => small.Text("tokenizer.ggml.model", "llama"),
            "tokenizer" => small.Text("tokenizer.ggml.model", "bert"),
            "start" => small.Text("tokenizer.ggml.model", "gpt2").Raw("tokenizer.ggml.add_bos_token", 7, 1).Number("tokenizer.ggml.bos_token_id", 9),
            "zero-in-key" => small.Number("split.no\0", 1),
            "empty-key" => small.Number("", 1),
            "nested" => small.Raw("a", 9, [9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]),
            "part" => small.Raw("split.no", 2, 1, 0).Raw("split.count", 2, 2, 0),
            "part-beyond" => small.Raw("split.no", 2, 3, 0).Raw("split.count", 2, 2, 0),
            _ => small.Tensor("token_embd.weight", [8, 4], offset: 128),
        };
        var error = Assert.Throws<HybridException>(() => Read(broken));
        Assert.Equal(HybridError.ModelFile, error.Error);
        Assert.StartsWith("Model file 'test.gguf': ", error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Thirty_thousand_random_damages_are_read_or_refused_and_nothing_else()
    {
        var random = new Random(17);
        var whole = GgufBuilder.Small().Text("tokenizer.chat_template", "some template").Raw("a", 9, [4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0]).Build();
        var refused = 0;
        for (var round = 0; round < 30_000; round++)
        {
            var damaged = whole[..(random.Next(4) == 0 ? random.Next(whole.Length) : whole.Length)];
            for (var i = random.Next(1, 6); i > 0 && damaged.Length > 0; i--)
            {
                var at = random.Next(damaged.Length);
                damaged[at] = random.Next(3) switch { 0 => (byte)random.Next(256), 1 => 0xFF, _ => (byte)(damaged[at] ^ (1 << random.Next(8))) };
            }

            try
            {
                _ = GgufFile.Read(new MemoryStream(damaged), damaged.Length, "test.gguf");
            }
            catch (HybridException error)
            {
                Assert.Equal(HybridError.ModelFile, error.Error);
                refused++;
            }
        }

        Assert.InRange(refused, 10_000, 29_999);
    }

    [Fact]
    public void What_a_file_of_a_tebibyte_may_announce_allocates_nothing()
    {
        var bytes = new GgufBuilder { TensorCount = 1UL << 35 }.Build();
        var error = Assert.Throws<HybridException>(() => GgufFile.Read(new MemoryStream(bytes), 1L << 40, "test.gguf"));
        Assert.Contains("announces 34359738368 tensors, more than any model has", error.Message, StringComparison.Ordinal);
    }

    private static GgufBuilder Header(string architecture = "llama") => new GgufBuilder().Text("general.architecture", architecture).Number($"{architecture}.block_count", 1)
        .Number($"{architecture}.context_length", 64).Number($"{architecture}.embedding_length", 8).Number($"{architecture}.attention.head_count", 2);

    private static GgufFile Read(GgufBuilder builder)
    {
        var bytes = builder.Build();
        return GgufFile.Read(new MemoryStream(bytes), bytes.Length, "test.gguf");
    }
}
