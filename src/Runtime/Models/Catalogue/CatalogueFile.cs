using System.Text.Json;

namespace Hybrid.Models.Catalogue;

/// <summary>Reads a catalogue and says of each thing that is wrong where it stands.</summary>
internal static class CatalogueFile
{
    private const int LargestFile = 16 << 20;

    public static IReadOnlyList<KnownModel> Read(string path, ICollection<string> errors)
    {
        try
        {
            if (new FileInfo(path) is { Length: > LargestFile } file)
            {
                errors.Add($"{path}: it has {file.Length} bytes, and a catalogue at most {LargestFile}");
                return [];
            }

            return Read(File.ReadAllBytes(path), errors);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            errors.Add($"{path}: it cannot be read: {failure.Message.TrimEnd('.')}");
            return [];
        }
    }

    public static IReadOnlyList<KnownModel> Read(byte[] json, ICollection<string> errors)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            var root = new CatalogueEntry(document.RootElement, "", errors);
            if (!root.IsObject) return [];
            _ = root.Text("$schema");
            var models = root.Entries("models").Select(CatalogueModel.Read).OfType<KnownModel>().ToArray();
            root.RefuseUnknown();
            CheckNames(models, errors);
            return models;
        }
        catch (JsonException failure)
        {
            errors.Add($"line {failure.LineNumber + 1}: it is not JSON: {failure.Message.Split(" LineNumber")[0].TrimEnd('.')}");
            return [];
        }
    }

    /// <summary>Two entries may not answer to one name, or the second would never be found.</summary>
    private static void CheckNames(KnownModel[] models, ICollection<string> errors)
    {
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < models.Length; i++)
            foreach (var name in ((IEnumerable<string>)[models[i].Name, .. models[i].Aliases]).Select(ModelNames.Plain).Distinct(StringComparer.Ordinal))
                if (!seen.TryAdd(name, i)) errors.Add($"models:{i}: the name '{name}' is also that of models:{seen[name]}");
    }
}
