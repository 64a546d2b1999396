using System.Text;

namespace Hybrid.Tests.Engines.LlamaCpp;

/// <summary>Writes small GGUF files, and changes real ones without moving a byte.</summary>
internal static class GgufBytes
{
    /// <summary>A file with metadata and no tensors.</summary>
    public static byte[] WithoutTensors(string architecture)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write("GGUF"u8);
        writer.Write(3u);
        writer.Write(0UL);
        writer.Write(4UL);
        Key(writer, "general.architecture", 8);
        Text(writer, architecture);
        foreach (var (name, value) in new[] { ("block_count", 1u), ("context_length", 64u), ("embedding_length", 32u) })
        {
            Key(writer, $"{architecture}.{name}", 4);
            writer.Write(value);
        }

        return stream.ToArray();
    }

    /// <summary>Puts a text of the same length in the place of the first one.</summary>
    public static byte[] Replace(byte[] file, string old, string @new)
    {
        var (from, to) = (Encoding.UTF8.GetBytes(old), Encoding.UTF8.GetBytes(@new));
        Assert.Equal(from.Length, to.Length);
        var at = file.AsSpan().IndexOf(from);
        Assert.True(at >= 0, $"'{old}' is not in the file.");
        var changed = file.ToArray();
        to.CopyTo(changed, at);
        return changed;
    }

    /// <summary>Sets a boolean of the metadata.</summary>
    public static byte[] SetFlag(byte[] file, string key, bool value)
    {
        var at = file.AsSpan().IndexOf(Encoding.UTF8.GetBytes(key));
        Assert.True(at >= 0, $"'{key}' is not in the file.");
        var changed = file.ToArray();
        changed[at + key.Length + sizeof(uint)] = value ? (byte)1 : (byte)0;
        return changed;
    }

    private static void Key(BinaryWriter writer, string name, uint type)
    {
        Text(writer, name);
        writer.Write(type);
    }

    private static void Text(BinaryWriter writer, string text)
    {
        writer.Write((ulong)text.Length);
        writer.Write(Encoding.UTF8.GetBytes(text));
    }
}
