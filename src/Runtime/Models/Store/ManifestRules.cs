namespace Hybrid.Models.Store;

/// <summary>What a manifest must be before it is believed, wherever it is from.</summary>
internal static class ManifestRules
{
    private const int MostFiles = 10_000;
    private const int LongestText = 2_000;

    /// <summary>What is wrong; null: nothing.</summary>
    public static string? Problem(ModelManifest manifest)
    {
        if (manifest.Files.Count is 0 or > MostFiles)
            return $"it lists {manifest.Files.Count} files; 1 to {MostFiles} are possible";
        if (new[] { manifest.Source, manifest.Revision, manifest.Licence }.Any(text => text?.Length > LongestText))
            return $"a text of it is longer than {LongestText} characters";
        // Some file systems do not tell capitals apart.
        var paths = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var file in manifest.Files)
        {
            if (ProblemOf(file) is { } problem)
                return problem;
            if (!paths.Add(file.Path))
                return $"file '{file.Path}' is there twice";
        }

        var total = 0L;
        foreach (var file in manifest.Files)
        {
            if (Parents(file.Path).FirstOrDefault(paths.Contains) is { } parent)
                return $"'{parent}' is a file and the folder of another";
            if ((total += file.Size) < 0)
                return "its files together are larger than any disk";
        }

        return SplitNames.Problem([.. manifest.Files.Select(file => file.Path)]);
    }

    /// <summary>Whether a text is a SHA-256 as the store writes it.</summary>
    public static bool IsDigest(string text) => text.Length == 64 && text.All(char.IsAsciiHexDigitLower);

    private static string? ProblemOf(ModelFile file)
    {
        if (SafeNames.ProblemOfPath(file.Path) is { } problem)
            return $"one of its files cannot be called so: {problem}";
        if (file.Size < 1)
            return $"file '{file.Path}' has a size of {file.Size}";
        if (!IsDigest(file.Sha256))
            return $"file '{file.Path}' has no SHA-256 of 64 lower-case hexadecimal digits";
        return file.Outside is { } outside && !Path.IsPathFullyQualified(outside.Path) ? $"file '{file.Path}' stays at '{outside.Path}', which is no absolute path" : null;
    }

    private static IEnumerable<string> Parents(string path)
    {
        for (var at = path.LastIndexOf('/'); at > 0; at = path.LastIndexOf('/', at - 1))
            yield return path[..at];
    }
}
