using Hybrid.Models.Gguf;
using Hybrid.Tests.Engines.LlamaCpp;

namespace Hybrid.Tests.Models.Gguf;

public class VocabularyFingerprintTests
{
    private static readonly byte[] Types = [5, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]; // an array of two Int32

    [Fact]
    public void The_starter_models_share_one()
    {
        var (edge, cloud) = (GgufFile.Open(Starter.Edge).VocabularyFingerprint, GgufFile.Open(Starter.Cloud).VocabularyFingerprint);
        Assert.Matches("^[0-9a-f]{32}$", edge);
        Assert.Equal(edge, cloud);
    }

    [Fact]
    public void A_changed_piece_of_a_real_file_changes_it()
    {
        var file = File.ReadAllBytes(Starter.Edge);
        var changed = file.ToArray();
        changed[file.AsSpan().IndexOf("pump"u8)] = (byte)'q';
        Assert.NotEqual(Of(file), Of(changed));
        Assert.NotEqual(Of(file), Of(GgufBytes.SetFlag(file, "tokenizer.ggml.add_bos_token", true)));
        Assert.Equal(Of(file), Of(GgufTemplate.Set(file, "{{ messages }}")));
        Assert.Equal(Of(file), Of(GgufTemplate.Set(file, null)));
    }

    [Fact]
    public void All_that_decides_tokens_or_their_texts_counts_and_nothing_else()
    {
        var whole = Of(Vocabulary());
        Assert.Equal(whole, Of(Vocabulary()));
        Assert.Equal(whole, Of(Vocabulary(pieces: "").Texts("tokenizer.ggml.tokens", "a", "b")));
        Assert.Equal(whole, Of(Vocabulary().Text("tokenizer.chat_template", "x").Text("general.name", "y").Number("llama.vocab_size", 2)));
        GgufBuilder[] others =
        [
            Vocabulary(pieces: "b a"),
            Vocabulary(pieces: "a c"),
            Vocabulary(model: "gemma4"),
            Vocabulary(merges: "a c"),
            Vocabulary(start: 1),
            Vocabulary(type: 4),
            Vocabulary().Text("tokenizer.ggml.pre", "qwen2"),
            Vocabulary().Raw("tokenizer.ggml.scores", 9, [6, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 128, 63]),
            Vocabulary().Raw("tokenizer.ggml.add_bos_token", 7, 1),
            Vocabulary().Raw("tokenizer.ggml.add_bos_token", 7, 0),
            Vocabulary().Raw("tokenizer.ggml.add_space_prefix", 7, 0),
            Vocabulary().Text("tokenizer.ggml.a", "b").Text("tokenizer.ggml.c", "d"),
            Vocabulary().Text("tokenizer.ggml.a", "d").Text("tokenizer.ggml.c", "b"),
        ];
        Assert.Equal(others.Length + 1, others.Select(Of).Append(whole).Distinct().Count());
    }

    [Fact]
    public void A_file_without_a_vocabulary_has_none() =>
        Assert.Null(Of(Header().Text("tokenizer.ggml.model", "gpt2").Tensor("t", [8, 4])));

    [Fact]
    public void A_piece_of_any_length_counts_to_its_last_byte()
    {
        var lengths = new[] { 1, 16_370, 16_383, 16_384, 16_385, 50_000 };
        var seen = lengths.SelectMany(length => new[] { "x", "y" }.Select(last => Of(Vocabulary(pieces: $"a {new string('z', length)}{last}")))).ToHashSet();
        Assert.Equal(2 * lengths.Length, seen.Count);
    }

    private static GgufBuilder Header() => new GgufBuilder().Text("general.architecture", "llama")
        .Number("llama.block_count", 1).Number("llama.context_length", 64).Number("llama.embedding_length", 8).Number("llama.attention.head_count", 2);

    private static GgufBuilder Vocabulary(string pieces = "a b", string model = "gpt2", string merges = "a b", uint start = 0, byte type = 1)
    {
        var types = Types.ToArray();
        types[12] = type;
        var builder = Header().Tensor("token_embd.weight", [8, 2]);
        if (pieces.Length > 0)
            builder.Texts("tokenizer.ggml.tokens", pieces.Split(' '));
        return builder.Text("tokenizer.ggml.model", model).Texts("tokenizer.ggml.merges", merges).Number("tokenizer.ggml.bos_token_id", start).Raw("tokenizer.ggml.token_type", 9, types);
    }

    private static string? Of(GgufBuilder builder) => Of(builder.Build());

    private static string? Of(byte[] bytes) => GgufFile.Read(new MemoryStream(bytes), bytes.Length, "test.gguf").VocabularyFingerprint;
}
