using Hybrid.Models;

namespace Hybrid.Tests.Models;

public class GgufFileTests
{
    [Fact]
    public void A_right_file_says_what_it_is()
    {
        var file = Read(GgufBuilder.Small().Text("general.name", "tiny").Text("tokenizer.chat_template", "x"));
        Assert.Equal(("llama", "tiny", "x", 64L, 4, 32L), (file.Architecture, file.Name, file.ChatTemplate, file.ContextLength, file.VocabularySize, file.ParameterCount));
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
        { "shard", "it is shard 1 of 2" },
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
        var whole = GgufBuilder.Small().Text("tokenizer.chat_template", "some template").Raw("a", 9, [9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0]).Build();
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

    private static GgufBuilder Header() => new GgufBuilder().Text("general.architecture", "llama")
        .Number("llama.block_count", 1).Number("llama.context_length", 64).Number("llama.embedding_length", 8);

    private static GgufFile Read(GgufBuilder builder)
    {
        var bytes = builder.Build();
        return GgufFile.Read(new MemoryStream(bytes), bytes.Length, "test.gguf");
    }
}
