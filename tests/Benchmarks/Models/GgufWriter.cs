using System.Text;

namespace Hybrid.Benchmarks.Models;

/// <summary>Writes a GGUF file: metadata first, then the table of tensors, then their data in the same order.</summary>
internal sealed class GgufWriter
{
    private const int Alignment = 32;
    private readonly MemoryStream _metadata = new();
    private readonly BinaryWriter _values;
    private readonly List<Tensor> _tensors = [];
    private int _count;

    public GgufWriter() => _values = new(_metadata, Encoding.UTF8);

    private enum Kind : uint
    {
        UInt32 = 4, Int32 = 5, Float32 = 6, Bool = 7, Text = 8, Array = 9,
    }

    public void Add(string key, uint value) => Key(key, Kind.UInt32).Write(value);

    public void Add(string key, float value) => Key(key, Kind.Float32).Write(value);

    public void Add(string key, bool value) => Key(key, Kind.Bool).Write(value);

    public void Add(string key, string value) => Write(Key(key, Kind.Text), value);

    public void Add(string key, IReadOnlyList<string> items)
    {
        var writer = Array(key, Kind.Text, items.Count);
        foreach (var item in items)
            Write(writer, item);
    }

    public void Add(string key, IReadOnlyList<int> items)
    {
        var writer = Array(key, Kind.Int32, items.Count);
        foreach (var item in items)
            writer.Write(item);
    }

    /// <param name="name">llama.cpp's name of it.</param>
    /// <param name="row">Elements of a row.</param>
    /// <param name="rows">0 for a vector.</param>
    /// <param name="format">How its elements are stored.</param>
    /// <param name="fill">Writes the data of one row, by its index.</param>
    public void Add(string name, int row, int rows, TensorFormat format, Action<int, Span<byte>> fill) => _tensors.Add(new(name, row, rows, format, fill));

    public void Save(string path)
    {
        using var file = new BinaryWriter(new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20), Encoding.UTF8);
        file.Write("GGUF"u8);
        file.Write(3u);
        file.Write((ulong)_tensors.Count);
        file.Write((ulong)_count);
        _values.Flush();
        file.Write(_metadata.GetBuffer().AsSpan(0, (int)_metadata.Length));
        var offset = 0L;
        foreach (var tensor in _tensors)
        {
            Write(file, tensor.Name);
            file.Write(tensor.Rows == 0 ? 1u : 2u);
            file.Write((ulong)tensor.Row);
            if (tensor.Rows > 0)
                file.Write((ulong)tensor.Rows);
            file.Write((uint)tensor.Format.Type);
            file.Write((ulong)offset);
            offset = Aligned(offset + tensor.Bytes);
        }

        foreach (var tensor in _tensors)
        {
            Pad(file);
            var row = new byte[tensor.RowBytes];
            for (var i = 0; i < Math.Max(1, tensor.Rows); i++)
            {
                tensor.Fill(i, row);
                file.Write(row);
            }
        }

        Pad(file);
    }

    private static long Aligned(long position) => (position + Alignment - 1) / Alignment * Alignment;

    private static void Pad(BinaryWriter file)
    {
        file.Flush();
        var position = file.BaseStream.Position;
        file.Write(new byte[Aligned(position) - position]);
    }

    private static void Write(BinaryWriter writer, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private BinaryWriter Key(string key, Kind kind)
    {
        _count++;
        Write(_values, key);
        _values.Write((uint)kind);
        return _values;
    }

    private BinaryWriter Array(string key, Kind kind, int count)
    {
        var writer = Key(key, Kind.Array);
        writer.Write((uint)kind);
        writer.Write((ulong)count);
        return writer;
    }

    private sealed record Tensor(string Name, int Row, int Rows, TensorFormat Format, Action<int, Span<byte>> Fill)
    {
        public int RowBytes => Row / Format.BlockElements * Format.BlockBytes;

        public long Bytes => (long)RowBytes * Math.Max(1, Rows);
    }
}
