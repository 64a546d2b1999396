namespace Hybrid.Models.Pull.Choice;

/// <summary>Which files of a repository a reference means.</summary>
internal static class FileChoice
{
    /// <returns>The file to load first, then its other splits.</returns>
    /// <exception cref="HybridException">None or more than one; the message lists what is there.</exception>
    public static IReadOnlyList<string> Of(ModelReference reference, IReadOnlyList<string> files)
    {
        if (reference.File is { } file)
            return Whole(reference, file, files);
        // One entry for each model: its only file, or the first of its splits.
        var models = files.Where(IsModel).Where(path => SplitName.AllOf(path)[0] == path || !files.Contains(SplitName.AllOf(path)[0])).ToList();
        if (models.Count == 0)
            throw Missing(reference, "it has no GGUF files", files);
        var fitting = reference.Quantisation is { } wanted
            ? models.FindAll(path => QuantisationLabel.Of(path) is { } label && QuantisationLabel.Matches(label, wanted))
            : models;
        if (fitting.Count > 1 && reference.Quantisation is { } exact && fitting.FindAll(path => exact.Equals(QuantisationLabel.Of(path), StringComparison.OrdinalIgnoreCase)) is { Count: > 0 } same)
            fitting = same;
        return fitting switch
        {
            [var only] => Whole(reference, only, files),
            [] => throw Missing(reference, $"it has no {reference.Quantisation!.ToUpperInvariant()}; there are {Labels(models)}", models),
            _ when reference.Quantisation is null => throw Choose(reference, $"it has {models.Count} models: {Labels(models)}. Put one behind a colon"),
            _ => throw Choose(reference, $"{fitting.Count} files are {reference.Quantisation.ToUpperInvariant()}: {string.Join(", ", fitting)}. Name the file in place of the quantisation"),
        };
    }

    private static IReadOnlyList<string> Whole(ModelReference reference, string file, IReadOnlyList<string> files)
    {
        var all = SplitName.AllOf(file);
        foreach (var path in all)
        {
            if (!files.Contains(path))
                throw Missing(reference, all.Count == 1 ? $"it has no file '{path}'; there are {Names(files)}" : $"'{path}' is missing, one of {all.Count} splits; a model with a hole cannot be loaded", files);
        }

        return all;
    }

    /// <summary>GGUF files that are models: no projectors of pictures, no importance matrices.</summary>
    private static bool IsModel(string path)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        return name.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase)
            && !name.Contains("mmproj", StringComparison.OrdinalIgnoreCase)
            && !name.Contains("imatrix", StringComparison.OrdinalIgnoreCase);
    }

    private static string Labels(IEnumerable<string> models) =>
        string.Join(", ", models.Select(path => QuantisationLabel.Of(path) ?? path).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));

    private static string Names(IReadOnlyList<string> files)
    {
        var models = files.Where(IsModel).Order(StringComparer.Ordinal).Take(50).ToList();
        return models.Count == 0 ? "no GGUF files" : string.Join(", ", models);
    }

    private static HybridException Missing(ModelReference reference, string what, IReadOnlyList<string> files) =>
        new(HybridError.ModelFile, $"'{reference}': {what}{(files.Count == 0 ? " (the repository is empty)" : "")}. Nothing was fetched.");

    private static HybridException Choose(ModelReference reference, string what) =>
        new(HybridError.InvalidRequest, $"'{reference}': {what}. Nothing was fetched.");
}
