using Hybrid.Models.Store;

namespace Hybrid.Models.Pull.Choice;

/// <summary>Which files belong to a split one.</summary>
internal static class SplitName
{
    private const string Extension = ".gguf";

    /// <summary>The name without its place among the splits and without <c>.gguf</c>.</summary>
    public static string StemOf(string name)
    {
        if (SplitNames.Parse(name) is var (start, _, _))
            return start;
        return name.EndsWith(Extension, StringComparison.OrdinalIgnoreCase) ? name[..^Extension.Length] : name;
    }

    /// <summary>All files of the model that a file belongs to, the first first; itself alone where it is no split.</summary>
    public static IReadOnlyList<string> AllOf(string path) => SplitNames.Parse(path) is (var start, _, > 0 and var parts)
        ? [.. Enumerable.Range(1, parts).Select(part => SplitNames.Name(start, part, parts))]
        : [path];
}
