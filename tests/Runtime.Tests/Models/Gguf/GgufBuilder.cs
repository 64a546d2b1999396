using System.Text;

namespace Hybrid.Tests.Models.Gguf;

/// <summary>Writes a small model's GGUF header and data, right unless told otherwise.</summary>
internal sealed class GgufBuilder
{
    private readonly List<Action<BinaryWriter>> _values = [];
    private readonly List<(string Name, ulong[] Dimensions, uint Type, ulong Offset)> _tensors = [];

    public uint Version { get; set; } = 3;

    public ulong? TensorCount { get; set; }

    public int DataBytes { get; set; } = 8 * 4 * 4;

    public static GgufBuilder Small() => new GgufBuilder()
        .Text("general.architecture", "llama").Number("llama.block_count", 1).Number("llama.context_length", 64).Number("llama.embedding_length", 8).Number("llama.attention.head_count", 2)
        .Texts("tokenizer.ggml.tokens", "a", "b", "c", "d")
        .Tensor("token_embd.weight", [8, 4]);

    public GgufBuilder Number(string key, uint value) => Add(key, 4, writer => writer.Write(value));

    public GgufBuilder Text(string key, string value) => Add(key, 8, writer => Write(writer, value));

    public GgufBuilder Texts(string key, params string[] values) => Add(key, 9, writer =>
    {
        writer.Write(8u);
        writer.Write((ulong)values.Length);
        foreach (var value in values)
            Write(writer, value);
    });

    public GgufBuilder Raw(string key, uint type, params byte[] value) => Add(key, type, writer => writer.Write(value));

    public GgufBuilder Tensor(string name, ulong[] dimensions, uint type = 0, ulong offset = 0)
    {
        _tensors.Add((name, dimensions, type, offset));
        return this;
    }

    public byte[] Build()
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write("GGUF"u8);
        writer.Write(Version);
        writer.Write(TensorCount ?? (ulong)_tensors.Count);
        writer.Write((ulong)_values.Count);
        foreach (var value in _values)
            value(writer);
        foreach (var (name, dimensions, type, offset) in _tensors)
        {
            Write(writer, name);
            writer.Write((uint)dimensions.Length);
            foreach (var dimension in dimensions)
                writer.Write(dimension);
            writer.Write(type);
            writer.Write(offset);
        }

        while (stream.Length % 32 != 0)
            writer.Write((byte)0);
        writer.Write(new byte[DataBytes]);
        return stream.ToArray();
    }

    private static void Write(BinaryWriter writer, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private GgufBuilder Add(string key, uint type, Action<BinaryWriter> value)
    {
        _values.Add(writer =>
        {
            Write(writer, key);
            writer.Write(type);
            value(writer);
        });
        return this;
    }
}
