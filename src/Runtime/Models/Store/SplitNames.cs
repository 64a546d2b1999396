using System.Text.RegularExpressions;

namespace Hybrid.Models.Store;

/// <summary>The names of a split model's files: <c>model-00001-of-00003.gguf</c>.</summary>
internal static partial class SplitNames
{
    /// <summary>The parts of such a name; null: it is no part of a split model.</summary>
    public static (string Start, int Part, int Parts)? Parse(string path) =>
        Pattern().Match(path) is { Success: true } match
            ? (match.Groups["start"].Value, int.Parse(match.Groups["part"].ValueSpan), int.Parse(match.Groups["parts"].ValueSpan))
            : null;

    /// <summary>The name of one part, from 1 on.</summary>
    public static string Name(string start, int part, int parts) => $"{start}-{part:D5}-of-{parts:D5}.gguf";

    /// <summary>What a list of files whose first is opened lacks; null: nothing.</summary>
    public static string? Problem(IReadOnlyList<string> paths)
    {
        if (Parse(paths[0]) is not { } first)
            return null;
        if (first.Part != 1)
            return $"its first file is '{paths[0]}'; a split model is opened at part 1";
        for (var part = 1; part <= first.Parts; part++)
        {
            if (!paths.Contains(Name(first.Start, part, first.Parts), StringComparer.Ordinal))
                return $"part {part} of {first.Parts} of the split model is missing";
        }

        return first.Parts == 0 ? "it says that it has 0 parts" : null;
    }

    [GeneratedRegex(@"\A(?<start>.+)-(?<part>[0-9]{5})-of-(?<parts>[0-9]{5})\.gguf\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Pattern();
}
