using System.Buffers.Binary;
using System.Text;

namespace Hybrid.Tests.Engines.LlamaCpp;

/// <summary>Copies of a model file with another chat template.</summary>
internal static class GgufTemplate
{
    private const string Key = "tokenizer.chat_template";
    private const int Alignment = 32;
    private static readonly int[] Sizes = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8];

    /// <summary>The file with the template; null takes it away.</summary>
    public static byte[] Set(byte[] file, string? template)
    {
        var reader = new Reader(file) { At = 8 };
        var tensors = reader.UInt64();
        var count = reader.UInt64();
        var entries = new List<byte[]>();
        for (var i = 0UL; i < count; i++)
        {
            var from = reader.At;
            var key = reader.Text();
            reader.SkipValue(reader.UInt32());
            if (key != Key)
                entries.Add(file[from..reader.At]);
        }

        var infos = reader.At;
        for (var i = 0UL; i < tensors; i++)
        {
            reader.Text();
            var dimensions = (int)reader.UInt32();
            reader.At += (dimensions * sizeof(ulong)) + sizeof(uint) + sizeof(ulong);
        }

        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write(file, 0, 8);
        writer.Write(tensors);
        writer.Write((ulong)entries.Count + (template is null ? 0UL : 1UL));
        foreach (var entry in entries)
            writer.Write(entry);
        if (template is not null)
        {
            Write(writer, Key);
            writer.Write(8u);
            Write(writer, template);
        }

        writer.Write(file, infos, reader.At - infos);
        while (stream.Position % Alignment != 0)
            writer.Write((byte)0);
        var data = (reader.At + Alignment - 1) / Alignment * Alignment;
        writer.Write(file, data, file.Length - data);
        return stream.ToArray();
    }

    private static void Write(BinaryWriter writer, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private sealed class Reader(byte[] file)
    {
        public int At { get; set; }

        public uint UInt32()
        {
            At += sizeof(uint);
            return BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(At - sizeof(uint)));
        }

        public ulong UInt64()
        {
            At += sizeof(ulong);
            return BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(At - sizeof(ulong)));
        }

        public string Text()
        {
            var length = (int)UInt64();
            At += length;
            return Encoding.UTF8.GetString(file, At - length, length);
        }

        public void SkipValue(uint type)
        {
            switch (type)
            {
                case 8:
                    Text();
                    break;
                case 9:
                    var inner = UInt32();
                    for (var left = UInt64(); left > 0; left--)
                        SkipValue(inner);
                    break;
                default:
                    At += Sizes[type];
                    break;
            }
        }
    }
}
