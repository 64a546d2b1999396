namespace Hybrid.Models.Store;

/// <summary>Which words may become a file's or a folder's name on every system.</summary>
internal static class SafeNames
{
    private const string Forbidden = "<>:\"|?*\\/";
    private const int LongestPath = 400;
    private const int LongestSegment = 200;
    private const int MostSegments = 8;

    // Windows takes these for devices, with any ending and in any folder.
    private static readonly HashSet<string> Devices =
        new[] { "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$" }
            .Concat(Enumerable.Range(0, 10).SelectMany(i => new[] { $"COM{i}", $"LPT{i}" }))
            .ToHashSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>What is wrong with a word of lower-case letters, digits, dots, dashes and underscores; null: nothing.</summary>
    public static string? ProblemOfWord(string word, int longest)
    {
        if (word.Length == 0)
            return "it is empty";
        if (word.Length > longest)
            return $"it is longer than {longest} characters";
        foreach (var c in word)
        {
            if (c is not (>= 'a' and <= 'z' or >= '0' and <= '9' or '.' or '-' or '_'))
                return $"it holds {Shown(c)}; letters, digits, '.', '-' and '_' are allowed";
        }

        if (!char.IsAsciiLetterOrDigit(word[0]))
            return "it does not begin with a letter or digit";
        return ProblemOfEnds(word);
    }

    /// <summary>What is wrong with a relative path of '/'-separated names; null: nothing.</summary>
    public static string? ProblemOfPath(string path)
    {
        if (path.Length is 0 or > LongestPath)
            return $"it is not 1 to {LongestPath} characters long";
        var segments = path.Split('/');
        return segments.Length > MostSegments ? $"it goes more than {MostSegments} folders deep" : segments.Select(ProblemOfSegment).FirstOrDefault(problem => problem is not null);
    }

    private static string? ProblemOfSegment(string segment)
    {
        if (segment.Length == 0)
            return "it has an empty part, or begins or ends with '/'";
        if (segment is "." or "..")
            return $"it has the part '{segment}', which leads elsewhere";
        if (segment.Length > LongestSegment)
            return $"a part of it is longer than {LongestSegment} characters";
        foreach (var c in segment)
        {
            if (c is < ' ' or > '~' || Forbidden.Contains(c, StringComparison.Ordinal))
                return $"it holds {Shown(c)}, which is no part of a file name everywhere";
        }

        return segment[0] == ' ' ? "a part of it begins with a space" : ProblemOfEnds(segment);
    }

    private static string? ProblemOfEnds(string name)
    {
        if (name[^1] is '.' or ' ')
            return "it ends with a dot or a space, which some systems drop";
        // "con .txt" is the device too.
        return Devices.Contains(name.Split('.')[0].TrimEnd(' ')) ? $"'{name}' is a device on Windows" : null;
    }

    private static string Shown(char c) => c is >= ' ' and <= '~' ? $"'{c}'" : $"the character U+{(int)c:X4}";
}
