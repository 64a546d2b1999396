using Hybrid.Models.Store;

namespace Hybrid.Models.Gguf;

/// <summary>Which part of a split model a file is.</summary>
/// <param name="Number">From 0 on.</param>
/// <param name="Count">0 or 1: it is not split.</param>
/// <param name="Tensors">Tensors of all parts; null: it does not say.</param>
internal sealed record GgufSplit(long Number, long Count, long? Tensors)
{
    private const string NumberKey = "split.no";
    private const string CountKey = "split.count";
    private const string TensorsKey = "split.tensors.count";

    public static GgufSplit Of(GgufValues values) => new(values.Number(NumberKey) ?? 0, values.Number(CountKey) ?? 0, values.Number(TensorsKey));

    /// <summary>Checks what a file says of itself.</summary>
    public static void Check(GgufValues values, GgufReader reader, bool isModel)
    {
        foreach (var key in new[] { NumberKey, CountKey })
        {
            // Native code ends the process where a part's number is of another type.
            if (values.KindOf(key) is not (null or GgufKind.UInt16))
                throw reader.Error($"'{key}' is no whole number of 16 bits");
        }

        var split = Of(values);
        if (split.Count > 1 ? split.Number >= split.Count : split.Number != 0)
            throw reader.Error($"it says that it is part {split.Number + 1} of {split.Count}");
        if (isModel && split.Number > 0)
            throw reader.Error($"it is part {split.Number + 1} of {split.Count} of a split model; name the first one, '-00001-of-{split.Count:D5}.gguf'");
        if (!isModel && !values.Has(NumberKey))
            throw reader.Error($"'{NumberKey}' is missing: it is no part of a split model");
    }

    /// <summary>All parts of a model, each checked; they stand beside the first under the names that llama.cpp gives them.</summary>
    public IReadOnlyList<GgufFile> Join(GgufFile first, Func<string, GgufFile> open)
    {
        if (SplitNames.Parse(Path.GetFileName(first.Path)) is not { Part: 1 } name || name.Parts != Count)
            throw Refuse(first.Path, $"it is part 1 of {Count} of a split model and is not called so: its name has to end with '{SplitNames.Name("", 1, (int)Count)}'");
        var parts = new List<GgufFile> { first };
        var tensors = new HashSet<string>(first.Extents.Select(extent => extent.Name), StringComparer.Ordinal);
        for (var i = 2; i <= Count; i++)
        {
            var path = Path.Combine(Path.GetDirectoryName(first.Path) ?? "", SplitNames.Name(name.Start, i, name.Parts));
            if (!File.Exists(path))
                throw Refuse(first.Path, $"part {i} of {Count} is not beside it, as '{Path.GetFileName(path)}'");
            var part = open(path);
            if (part.Split.Number != i - 1 || (part.Split.Count != 0 && part.Split.Count != Count))
                throw Refuse(path, $"it says that it is part {part.Split.Number + 1} of {part.Split.Count}, and its name that it is part {i} of {Count}");
            if (part.Extents.FirstOrDefault(extent => !tensors.Add(extent.Name)) is { } twice)
                throw Refuse(path, $"tensor '{twice.Name}' is in another part too");
            parts.Add(part);
        }

        return Tensors is null || Tensors == tensors.Count
            ? parts
            : throw Refuse(first.Path, $"its {Count} parts have {tensors.Count} tensors together, and it announces {Tensors}");
    }

    private static HybridException Refuse(string path, string reason) =>
        new(HybridError.ModelFile, $"Model file '{path}': {reason}. Nothing was loaded. Fetch all parts again.");
}
