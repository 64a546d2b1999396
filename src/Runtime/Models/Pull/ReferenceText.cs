using System.Text.RegularExpressions;
using Hybrid.Models.Store;

namespace Hybrid.Models.Pull;

/// <summary>Reads what a person typed as a model's source.</summary>
internal static partial class ReferenceText
{
    private const string Examples = "Write hf:Qwen/Qwen3-0.6B-GGUF:Q8_0, hf:owner/repo/file.gguf@revision, mirror:owner/repo:Q8_0, https://host/model.gguf or file:/path/model.gguf.";

    public static ModelReference Read(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var rest = text[(colon + 1)..];
        return text[..Math.Max(colon, 0)].ToLowerInvariant() switch
        {
            "hf" => Repository(text, ModelSourceKind.Hub, rest),
            "mirror" => Repository(text, ModelSourceKind.Mirror, rest),
            "https" or "http" => Web(text),
            "file" => LocalFile(text, rest),
            "" => throw Bad(text, "it does not say where from"),
            var scheme => throw Bad(text, $"'{scheme}:' is not a source that is known"),
        };
    }

    private static ModelReference Repository(string text, ModelSourceKind kind, string rest)
    {
        // The quantisation may stand before or behind the revision; neither a revision nor a repository has a colon.
        var (revision, quantisation) = ((string?)null, (string?)null);
        if (rest.IndexOf('@', StringComparison.Ordinal) is > 0 and var at)
        {
            (rest, revision) = (rest[..at], rest[(at + 1)..]);
            (revision, quantisation) = Cut(revision, quantisation);
        }

        (rest, quantisation) = Cut(rest, quantisation);
        var parts = rest.Trim('/').Split('/', 3);
        if (parts.Length < 2 || !IsRepositoryName(parts[0]) || !IsRepositoryName(parts[1]))
            throw Bad(text, "it names no owner/repository");
        if (revision is not null && !Revision().IsMatch(revision) || revision?.Contains("..", StringComparison.Ordinal) == true)
            throw Bad(text, $"'{revision}' is not a revision");
        if (quantisation is not null && !Word().IsMatch(quantisation))
            throw Bad(text, $"'{quantisation}' is not a quantisation");
        var file = parts.Length == 3 ? parts[2] : null;
        if (file is not null && SafeNames.ProblemOfPath(file) is not null)
            throw Bad(text, $"'{file}' is not a path inside a repository");
        if (file is not null && quantisation is not null)
            throw Bad(text, "it names a file and a quantisation; one is enough");
        return new() { Kind = kind, Location = $"{parts[0]}/{parts[1]}", Revision = revision, File = file, Quantisation = quantisation };
    }

    private static (string Left, string? Right) Cut(string text, string? already) =>
        text.LastIndexOf(':') is >= 0 and var colon ? (text[..colon], text[(colon + 1)..]) : (text, already);

    private static ModelReference Web(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var address) || address.Host.Length == 0)
            throw Bad(text.Split('?', '#')[0], "it is not an address");
        if (address.UserInfo.Length > 0)
            throw Bad(PlainAddress.Of(address), "a user or a password in an address would be stored with the model; leave it out");
        var sha256 = (string?)null;
        if (address.Fragment.Length > 1)
        {
            sha256 = address.Fragment.StartsWith("#sha256=", StringComparison.OrdinalIgnoreCase) ? Sha256Text.Read(address.Fragment[8..]) : null;
            if (sha256 is null)
                throw Bad(PlainAddress.Of(address), "behind '#' only sha256= with 64 hexadecimal digits is understood");
        }

        var plain = address.GetComponents(UriComponents.AbsoluteUri & ~UriComponents.Fragment, UriFormat.UriEscaped);
        return new() { Kind = ModelSourceKind.Web, Location = plain, Sha256 = sha256 };
    }

    private static ModelReference LocalFile(string text, string rest)
    {
        var path = rest.StartsWith("//", StringComparison.Ordinal) && Uri.TryCreate(text, UriKind.Absolute, out var address) ? address.LocalPath : rest;
        if (path.Length == 0 || path.Contains('\0', StringComparison.Ordinal))
            throw Bad(text, "it names no file");
        return new() { Kind = ModelSourceKind.File, Location = Path.GetFullPath(path) };
    }

    private static bool IsRepositoryName(string name) => RepositoryName().IsMatch(name) && !name.Contains("..", StringComparison.Ordinal) && !name.Contains("--", StringComparison.Ordinal);

    private static HybridException Bad(string text, string why) =>
        new(HybridError.InvalidRequest, $"'{text}' is not a model's source: {why}. Nothing was fetched. {Examples}");

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$")]
    private static partial Regex RepositoryName();

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$")]
    private static partial Regex Revision();

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")]
    private static partial Regex Word();
}
