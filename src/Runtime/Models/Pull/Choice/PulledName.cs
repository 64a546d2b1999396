using Hybrid.Models.Store;

namespace Hybrid.Models.Pull.Choice;

/// <summary>What a pulled model is called where nobody said: the repository or the file, with the quantisation as its tag.</summary>
internal static class PulledName
{
    /// <exception cref="HybridException">Nothing of its name can be one in the store.</exception>
    public static ModelName Of(ModelReference reference, string file)
    {
        var label = QuantisationLabel.Of(file);
        var name = reference.Kind is ModelSourceKind.Hub or ModelSourceKind.Mirror
            ? WithoutEnding(reference.Location[(reference.Location.IndexOf('/', StringComparison.Ordinal) + 1)..], "-gguf")
            : QuantisationLabel.BaseOf(file);
        // The same name for all of a repository's quantisations; a file without one is its own tag where the repository has more.
        var tag = label ?? (reference.File is null ? ModelName.DefaultTag : SplitName.StemOf(file[(file.LastIndexOf('/') + 1)..]));
        return ModelName.TryParse($"{Word(name)}:{Word(tag)}", out var parsed, out var problem)
            ? parsed
            : throw new HybridException(HybridError.InvalidRequest, $"'{reference}' gives no name for the store: {problem}. Nothing was fetched. Give it a name of your own.");
    }

    private static string WithoutEnding(string name, string ending) =>
        name.EndsWith(ending, StringComparison.OrdinalIgnoreCase) && name.Length > ending.Length ? name[..^ending.Length] : name;

    private static string Word(string text)
    {
        var word = string.Concat(text.ToLowerInvariant().Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' or '_' ? letter : '-'));
        return word.Trim('-', '.', '_') is { Length: > 0 } trimmed ? trimmed[..Math.Min(trimmed.Length, 64)].TrimEnd('.') : word;
    }
}
