using System.Text;

namespace Hybrid.Engines.LlamaCpp.State;

/// <summary>What a saved KV cache belongs to: it is of use to exactly this model, library and kind of cache.</summary>
/// <param name="ModelHash">SHA-256 of the model file, in hex.</param>
/// <param name="Library">Version of llama.cpp.</param>
/// <param name="CacheKind">Types and layout of the cache.</param>
/// <param name="Tokens">The tokens whose cells were saved.</param>
internal sealed record SavedStateHeader(string ModelHash, string Library, string CacheKind, int[] Tokens)
{
    private const int MostTokens = 1 << 24;

    public byte[] ToBytes()
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream, Encoding.UTF8);
        writer.Write(ModelHash);
        writer.Write(Library);
        writer.Write(CacheKind);
        writer.Write(Tokens.Length);
        foreach (var token in Tokens)
            writer.Write(token);
        writer.Flush();
        return stream.ToArray();
    }

    /// <summary>Reads bytes whose checksum was right; null where they still make no sense.</summary>
    public static SavedStateHeader? FromBytes(byte[] bytes)
    {
        try
        {
            using var reader = new BinaryReader(new MemoryStream(bytes), Encoding.UTF8);
            var (model, library, kind, count) = (reader.ReadString(), reader.ReadString(), reader.ReadString(), reader.ReadInt32());
            if (count is < 1 or > MostTokens || reader.BaseStream.Length - reader.BaseStream.Position != (long)count * sizeof(int))
                return null;
            var tokens = new int[count];
            for (var i = 0; i < count; i++)
                tokens[i] = reader.ReadInt32();
            return new(model, library, kind, tokens);
        }
        catch (Exception exception) when (exception is EndOfStreamException or FormatException)
        {
            return null;
        }
    }
}
