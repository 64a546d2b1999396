namespace Hybrid.Models.Gguf;

/// <summary>Rules on the tensor table: known types, sizes without overflow, data inside the file.</summary>
internal static class GgufTensors
{
    private const int MostDimensions = 4;
    private const long MostElements = 1L << 46;

    /// <summary>Checks every tensor and returns what all are together, and where each is.</summary>
    public static (GgufWeights Weights, IReadOnlyList<GgufExtent> Extents) Check(GgufValues values, GgufReader reader, int count, long length)
    {
        var alignment = values.Number("general.alignment") ?? 32;
        if (alignment is < 1 or > (1 << 16) || (alignment & (alignment - 1)) != 0)
            throw reader.Error($"'general.alignment' is {alignment}; it must be a power of two up to 65536");

        var names = new HashSet<string>(StringComparer.Ordinal);
        var extents = new List<GgufExtent>();
        var weights = new GgufWeights(0, 0, 0);
        for (var i = 0; i < count; i++)
        {
            var tensor = Read(reader, values);
            if (!names.Add(tensor.Name))
                throw reader.Error($"tensor '{tensor.Name}' is there twice");
            if (tensor.Offset % alignment != 0)
                throw reader.Error($"tensor '{tensor.Name}' begins at {tensor.Offset}, not at a multiple of {alignment}");
            weights = new(weights.Elements + tensor.Elements, weights.Bytes + tensor.Bytes, weights.RepackedBytes + (tensor.Repacked ? tensor.Bytes : 0));
            extents.Add(new(tensor.Name, tensor.Offset, tensor.Bytes, tensor.IsMatrix));
        }

        return (weights, Place(reader, extents, (reader.Position + alignment - 1) / alignment * alignment, length));
    }

    private static (string Name, long Elements, long Bytes, bool Repacked, long Offset, bool IsMatrix) Read(GgufReader reader, GgufValues values)
    {
        var name = reader.Text("a tensor's name");
        var dimensions = reader.UInt32();
        if (dimensions is < 1 or > MostDimensions)
            throw reader.Error($"tensor '{name}' has {dimensions} dimensions");
        var (elements, row, rows) = (1L, 0L, 1L);
        for (var d = 0; d < dimensions; d++)
        {
            var size = reader.UInt64();
            // Divided, not multiplied: a product of two large dimensions would wrap around to a small one.
            if (size == 0 || size > (ulong)(MostElements / elements))
                throw reader.Error($"tensor '{name}' has a dimension of {size}, more than any file holds");
            elements *= (long)size;
            if (d == 0)
                row = (long)size;
            else
                rows *= (long)size;
        }

        var type = reader.UInt32();
        if (!GgufTypes.TryGet(type, out var block))
            throw reader.Error($"tensor '{name}' has the unknown type {type}");
        if (row % block.Elements != 0)
            throw reader.Error($"tensor '{name}' has rows of {row}, not a multiple of the {block.Elements} that {block.Name} needs");
        if (name == "token_embd.weight" && values.Length("tokenizer.ggml.tokens") is { } vocabulary && rows != vocabulary)
            throw reader.Error($"tensor '{name}' has {rows} rows and the vocabulary {vocabulary} tokens");
        var offset = reader.UInt64();
        return offset <= long.MaxValue / 2
            ? (name, elements, elements / block.Elements * block.Bytes, rows % 8 == 0 && name != "token_embd.weight" && GgufTypes.IsRepacked(block.Name), (long)offset, rows > 1)
            : throw reader.Error($"tensor '{name}' begins at {offset}, beyond any file");
    }

    private static List<GgufExtent> Place(GgufReader reader, List<GgufExtent> extents, long data, long length)
    {
        extents.Sort((left, right) => left.From.CompareTo(right.From));
        var end = 0L;
        for (var i = 0; i < extents.Count; i++)
        {
            var (name, offset, bytes, _) = extents[i];
            if (offset < end)
                throw reader.Error($"tensor '{name}' overlaps the one before it");
            end = offset + bytes;
            if (data + end > length)
                throw reader.Error($"tensor '{name}' ends at byte {data + end} and the file at {length}: it is cut short");
            extents[i] = extents[i] with { From = data + offset };
        }

        return extents;
    }
}

/// <summary>What all tensors of a file are together.</summary>
/// <param name="Elements">Weights.</param>
/// <param name="Bytes">What they take in the file.</param>
/// <param name="RepackedBytes">Those of them that a processor wants in another order, in a second copy.</param>
internal sealed record GgufWeights(long Elements, long Bytes, long RepackedBytes)
{
    public static GgufWeights Sum(IEnumerable<GgufWeights> all) =>
        all.Aggregate((left, right) => new(left.Elements + right.Elements, left.Bytes + right.Bytes, left.RepackedBytes + right.RepackedBytes));
}

/// <summary>Where a tensor is in its file.</summary>
/// <param name="Name">Its name.</param>
/// <param name="From">The first byte.</param>
/// <param name="Bytes">What it takes.</param>
/// <param name="IsMatrix">Whether it has more than one row.</param>
internal sealed record GgufExtent(string Name, long From, long Bytes, bool IsMatrix);
