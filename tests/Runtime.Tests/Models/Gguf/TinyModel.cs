using System.Text;

namespace Hybrid.Tests.Models.Gguf;

/// <summary>A llama of two layers with random weights that llama.cpp loads and decodes with, and where the fields of its header are.</summary>
internal sealed class TinyModel
{
    private const int Width = 32;
    private const int Heads = 4;
    private const int KvHeads = 2;
    private const int FeedForward = 64;
    private const int Layers = 2;
    private readonly MemoryStream _bytes = new();
    private readonly BinaryWriter _writer;
    private readonly List<Field> _fields = [];
    private readonly List<(int From, int To)> _entries = [];

    private TinyModel(IReadOnlyList<(string Key, uint Type, object Value)>? values, int part, int parts)
    {
        _writer = new(_bytes);
        IsWhole = values is null;
        var all = values ?? Values();
        if (parts > 1)
            all = [.. part == 0 ? all : [], ("split.no", 2, (ushort)part), ("split.count", 2, (ushort)parts), ("split.tensors.count", 5, Tensors().Count)];
        var tensors = Tensors().Where((_, i) => i % parts == part).ToArray();
        Header(all, tensors);
        Data = (int)_bytes.Length;
        Weights(tensors);
        Bytes = _bytes.ToArray();
    }

    public enum Kind
    {
        Count, Length, Text, Type, Value, Dimension, Offset,
    }

    public byte[] Bytes { get; }

    /// <summary>Whether its metadata are the right ones.</summary>
    public bool IsWhole { get; }

    /// <summary>Where the weights begin.</summary>
    public int Data { get; }

    public IReadOnlyList<Field> Fields => _fields;

    /// <summary>Where each entry of the metadata begins and ends.</summary>
    public IReadOnlyList<(int From, int To)> Entries => _entries;

    public static TinyModel Create(IReadOnlyList<(string Key, uint Type, object Value)>? values = null) => new(values, 0, 1);

    /// <summary>One with other metadata.</summary>
    public static byte[] With(string key, uint type, object value) =>
        new TinyModel([.. Values().Where(one => one.Key != key), (key, type, value)], 0, 1).Bytes;

    /// <summary>One part of a split model.</summary>
    public static byte[] Part(int part, int parts) => new TinyModel(null, part, parts).Bytes;

    public static IReadOnlyList<(string Key, uint Type, object Value)> Values()
    {
        var vocabulary = Vocabulary();
        return
        [
            ("general.architecture", 8, "llama"),
            ("general.name", 8, "tiny"),
            ("general.alignment", 4, 32u),
            ("llama.block_count", 4, (uint)Layers),
            ("llama.context_length", 4, 64u),
            ("llama.embedding_length", 4, (uint)Width),
            ("llama.feed_forward_length", 4, (uint)FeedForward),
            ("llama.attention.head_count", 4, (uint)Heads),
            ("llama.attention.head_count_kv", 4, (uint)KvHeads),
            ("llama.attention.layer_norm_rms_epsilon", 6, 1e-5f),
            ("llama.attention.key_length", 4, (uint)(Width / Heads)),
            ("llama.attention.value_length", 4, (uint)(Width / Heads)),
            ("llama.rope.dimension_count", 4, (uint)(Width / Heads)),
            ("llama.rope.freq_base", 6, 10_000f),
            ("llama.rope.scaling.type", 8, "linear"),
            ("llama.rope.scaling.factor", 6, 1f),
            ("llama.expert_count", 4, 0u),
            ("llama.expert_used_count", 4, 0u),
            ("llama.vocab_size", 4, (uint)vocabulary.Length),
            ("tokenizer.ggml.model", 8, "gpt2"),
            ("tokenizer.ggml.pre", 8, "gpt-2"),
            ("tokenizer.ggml.tokens", 9, vocabulary),
            ("tokenizer.ggml.token_type", 9, vocabulary.Select(token => token[0] == '<' && token.Length > 1 ? 3 : 1).ToArray()),
            ("tokenizer.ggml.scores", 9, vocabulary.Select((_, i) => (float)i).ToArray()),
            ("tokenizer.ggml.merges", 9, new[] { "a b", "ab c", "d e" }),
            ("tokenizer.ggml.bos_token_id", 4, (uint)vocabulary.Length - 2),
            ("tokenizer.ggml.eos_token_id", 4, (uint)vocabulary.Length - 1),
            ("tokenizer.ggml.unknown_token_id", 4, 0u),
            ("tokenizer.ggml.padding_token_id", 4, 0u),
            ("tokenizer.ggml.add_bos_token", 7, true),
            ("tokenizer.ggml.add_eos_token", 7, false),
            ("tokenizer.chat_template", 8, "{% for m in messages %}{{ m['content'] }}{% endfor %}"),
        ];
    }

    private static string[] Vocabulary() => [.. Enumerable.Range(0, 256).Select(ByteText), "ab", "abc", "de", "<|im_start|>", "<|im_end|>"];

    private static string ByteText(int value) => Prints(value) ? ((char)value).ToString() : ((char)(256 + Enumerable.Range(0, value).Count(other => !Prints(other)))).ToString();

    private static bool Prints(int value) => value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);

    private static IReadOnlyList<Tensor> Tensors()
    {
        var tensors = new List<Tensor> { new("token_embd.weight", 8, Width, Vocabulary().Length) };
        for (var i = 0; i < Layers; i++)
        {
            tensors.AddRange(
            [
                new($"blk.{i}.attn_norm.weight", 0, Width, 0),
                new($"blk.{i}.attn_q.weight", 8, Width, Width),
                new($"blk.{i}.attn_k.weight", 8, Width, Width / Heads * KvHeads),
                new($"blk.{i}.attn_v.weight", 8, Width, Width / Heads * KvHeads),
                new($"blk.{i}.attn_output.weight", 8, Width, Width),
                new($"blk.{i}.ffn_norm.weight", 0, Width, 0),
                new($"blk.{i}.ffn_gate.weight", 8, Width, FeedForward),
                new($"blk.{i}.ffn_up.weight", 8, Width, FeedForward),
                new($"blk.{i}.ffn_down.weight", 8, FeedForward, Width),
            ]);
        }

        return [.. tensors, new("output_norm.weight", 0, Width, 0), new("output.weight", 8, Width, Vocabulary().Length)];
    }

    private void Header(IReadOnlyList<(string Key, uint Type, object Value)> values, Tensor[] tensors)
    {
        _writer.Write("GGUF"u8);
        Write(Kind.Value, 3u);
        Write(Kind.Count, (ulong)tensors.Length);
        Write(Kind.Count, (ulong)values.Count);
        foreach (var (key, type, value) in values)
        {
            var from = (int)_bytes.Length;
            Write(key);
            Write(Kind.Type, type);
            Write(value);
            _entries.Add((from, (int)_bytes.Length));
        }

        var offset = 0L;
        foreach (var tensor in tensors)
        {
            Write(tensor.Name);
            Write(Kind.Count, tensor.Rows == 0 ? 1u : 2u);
            Write(Kind.Dimension, (ulong)tensor.Row);
            if (tensor.Rows > 0)
                Write(Kind.Dimension, (ulong)tensor.Rows);
            Write(Kind.Type, tensor.Type);
            Write(Kind.Offset, (ulong)offset);
            offset += (tensor.Bytes + 31) / 32 * 32;
        }

        Pad();
    }

    private void Weights(Tensor[] tensors)
    {
        var random = new Random(5);
        foreach (var tensor in tensors)
        {
            for (var i = 0; i < tensor.Elements / (tensor.Type == 0 ? 1 : 32); i++)
            {
                if (tensor.Type == 0)
                {
                    _writer.Write(1f);
                    continue;
                }

                _writer.Write((Half)0.001f);
                for (var j = 0; j < 32; j++)
                    _writer.Write((sbyte)random.Next(-127, 128));
            }

            Pad();
        }
    }

    private void Write(object value)
    {
        switch (value)
        {
            case string text: Write(text); break;
            case uint number: Write(Kind.Value, number); break;
            case ushort number: Note(Kind.Value, 2); _writer.Write(number); break;
            case int number: Note(Kind.Value, 4); _writer.Write(number); break;
            case float number: Note(Kind.Value, 4); _writer.Write(number); break;
            case ulong number: Note(Kind.Value, 8); _writer.Write(number); break;
            case bool flag: Note(Kind.Value, 1); _writer.Write(flag); break;
            case string[] texts: List(8, texts.Length, i => Write(texts[i])); break;
            case int[] numbers: List(5, numbers.Length, i => { Note(Kind.Value, 4); _writer.Write(numbers[i]); }); break;
            case float[] numbers: List(6, numbers.Length, i => { Note(Kind.Value, 4); _writer.Write(numbers[i]); }); break;
            default: throw new InvalidOperationException(value.GetType().Name);
        }
    }

    private void List(uint type, int count, Action<int> write)
    {
        Write(Kind.Type, type);
        Write(Kind.Count, (ulong)count);
        for (var i = 0; i < count; i++)
            write(i);
    }

    private void Write(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Write(Kind.Length, (ulong)bytes.Length);
        Note(Kind.Text, bytes.Length);
        _writer.Write(bytes);
    }

    private void Write(Kind kind, uint value)
    {
        Note(kind, 4);
        _writer.Write(value);
    }

    private void Write(Kind kind, ulong value)
    {
        Note(kind, 8);
        _writer.Write(value);
    }

    private void Note(Kind kind, int size)
    {
        _writer.Flush();
        if (size > 0)
            _fields.Add(new(kind, (int)_bytes.Length, size));
    }

    private void Pad()
    {
        _writer.Flush();
        while (_bytes.Length % 32 != 0)
            _bytes.WriteByte(0);
    }

    /// <summary>A piece of the header.</summary>
    public sealed record Field(Kind Kind, int At, int Size);

    private sealed record Tensor(string Name, uint Type, int Row, int Rows)
    {
        public int Elements => Row * Math.Max(1, Rows);

        public int Bytes => Type == 0 ? Elements * 4 : Elements / 32 * 34;
    }
}
