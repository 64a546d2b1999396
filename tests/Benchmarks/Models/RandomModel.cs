using Hybrid.Models.Gguf;

namespace Hybrid.Benchmarks.Models;

/// <summary>A llama of random weights: speed does not care what a model knows.</summary>
internal static class RandomModel
{
    public const int ContextLength = 8192;
    private const int Seed = 3;

    // Raise it when anything here changes, so that an older file is not taken for the new one.
    private const int Revision = 1;

    private const string ChatMl =
        "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}" +
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

    /// <summary>The model's file, written first where it is not there yet.</summary>
    /// <param name="name"><c>q8_0</c> or <c>q4_0</c>.</param>
    /// <param name="shape">Null: <see cref="RandomShape.Usual"/>.</param>
    public static string Path(string name, RandomShape? shape = null)
    {
        shape ??= RandomShape.Usual;
        var folder = Directory.CreateDirectory(System.IO.Path.Combine(System.IO.Path.GetTempPath(), "hybrid-benchmarks")).FullName;
        var path = System.IO.Path.Combine(folder, $"random-{shape.Name}-{name}-r{Revision}.gguf");
        if (File.Exists(path))
            return path;
        var unfinished = $"{path}.{Environment.ProcessId}";
        Writer(name == "q8_0" ? TensorFormat.Q80 : TensorFormat.Q40, shape).Save(unfinished);
        GgufFile.Open(unfinished);
        File.Move(unfinished, path, overwrite: true);
        return path;
    }

    private static GgufWriter Writer(TensorFormat format, RandomShape shape)
    {
        var (_, width, blocks, heads, kvHeads, feedForward) = shape;
        var random = new Random(Seed);
        var writer = new GgufWriter();
        AddMetadata(writer, shape);

        void Matrix(string name, int row, int rows) => writer.Add(name, row, rows, format, (_, data) => format.FillRandom(random, data));
        void Norm(string name) => writer.Add(name, width, 0, TensorFormat.F32, (_, data) => TensorFormat.F32.FillRandom(random, data));

        Matrix("token_embd.weight", width, MadeUpVocabulary.Size);
        for (var i = 0; i < blocks; i++)
        {
            Norm($"blk.{i}.attn_norm.weight");
            Matrix($"blk.{i}.attn_q.weight", width, width);
            Matrix($"blk.{i}.attn_k.weight", width, width / heads * kvHeads);
            Matrix($"blk.{i}.attn_v.weight", width, width / heads * kvHeads);
            Matrix($"blk.{i}.attn_output.weight", width, width);
            Norm($"blk.{i}.ffn_norm.weight");
            Matrix($"blk.{i}.ffn_gate.weight", width, feedForward);
            Matrix($"blk.{i}.ffn_up.weight", width, feedForward);
            Matrix($"blk.{i}.ffn_down.weight", feedForward, width);
        }

        Norm("output_norm.weight");
        writer.Add("output.weight", width, MadeUpVocabulary.Size, format, (row, data) =>
        {
            // A row of zeros has a logit of zero, which never wins among 32,000: no run ends before its length.
            format.FillRandom(random, data);
            if (row == MadeUpVocabulary.EndOfTurn)
                data.Clear();
        });
        return writer;
    }

    private static void AddMetadata(GgufWriter writer, RandomShape shape)
    {
        var vocabulary = new MadeUpVocabulary();
        writer.Add("general.architecture", "llama");
        writer.Add("general.name", $"random {shape.Name.ToUpperInvariant()}");
        writer.Add("llama.block_count", (uint)shape.Blocks);
        writer.Add("llama.context_length", (uint)ContextLength);
        writer.Add("llama.embedding_length", (uint)shape.Width);
        writer.Add("llama.feed_forward_length", (uint)shape.FeedForward);
        writer.Add("llama.attention.head_count", (uint)shape.Heads);
        writer.Add("llama.attention.head_count_kv", (uint)shape.KvHeads);
        writer.Add("llama.attention.layer_norm_rms_epsilon", 1e-5f);
        writer.Add("llama.rope.dimension_count", (uint)(shape.Width / shape.Heads));
        writer.Add("llama.rope.freq_base", 10_000f);
        writer.Add("llama.vocab_size", (uint)MadeUpVocabulary.Size);
        writer.Add("tokenizer.ggml.model", "gpt2");
        writer.Add("tokenizer.ggml.pre", "gpt-2");
        writer.Add("tokenizer.ggml.tokens", vocabulary.Tokens);
        writer.Add("tokenizer.ggml.token_type", vocabulary.Types);
        writer.Add("tokenizer.ggml.merges", vocabulary.Merges);
        writer.Add("tokenizer.ggml.eos_token_id", (uint)MadeUpVocabulary.EndOfTurn);
        writer.Add("tokenizer.ggml.add_bos_token", false);
        writer.Add("tokenizer.chat_template", ChatMl);
    }
}
