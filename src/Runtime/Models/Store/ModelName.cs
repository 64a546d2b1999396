using System.Diagnostics.CodeAnalysis;

namespace Hybrid.Models.Store;

/// <summary>What a model is called in a store: a name and a tag, never a path.</summary>
/// <remarks>Lower-case letters, digits, '.', '-' and '_'; no name of a Windows device.</remarks>
public sealed record ModelName
{
    /// <summary>The tag where none is given.</summary>
    public const string DefaultTag = "latest";

    private const int LongestName = 96;
    private const int LongestTag = 64;

    private ModelName(string name, string tag) => (Name, Tag) = (name, tag);

    /// <summary>Such as <c>qwen3-0.6b</c>; 1 to 96 characters.</summary>
    public string Name { get; }

    /// <summary>Such as <c>q8_0</c>; 1 to 64 characters.</summary>
    public string Tag { get; }

    /// <summary>Reads <c>name</c> or <c>name:tag</c>; capitals become small letters.</summary>
    /// <exception cref="HybridException">It is no name for a model; the message says why.</exception>
    public static ModelName Parse(string text) => TryParse(text, out var name, out var problem)
        ? name
        : throw new HybridException(HybridError.InvalidRequest, $"'{Printable(text)}' cannot be the name of a model: {problem}. Nothing was changed. Use a name such as 'qwen3-0.6b:q8_0'.");

    /// <summary>Reads a name, and says what is wrong with it where it is none.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out ModelName? name, [NotNullWhen(false)] out string? problem)
    {
        ArgumentNullException.ThrowIfNull(text);
        var lower = text.ToLowerInvariant();
        var colon = lower.IndexOf(':', StringComparison.Ordinal);
        var (first, tag) = colon < 0 ? (lower, DefaultTag) : (lower[..colon], lower[(colon + 1)..]);
        problem = SafeNames.ProblemOfWord(first, LongestName);
        if (problem is null && SafeNames.ProblemOfWord(tag, LongestTag) is { } wrong)
            problem = $"of its tag, {wrong}";
        name = problem is null ? new(first, tag) : null;
        return name is not null;
    }

    /// <summary><c>name:tag</c>.</summary>
    public override string ToString() => $"{Name}:{Tag}";

    private static string Printable(string text) =>
        string.Concat(text.Take(120).Select(c => c is >= ' ' and <= '~' ? c.ToString() : $"\\u{(int)c:X4}"));
}
