namespace Hybrid.Models.Pull.Web;

/// <summary>What a server said of a file.</summary>
/// <param name="Bytes">Where its bytes are.</param>
/// <param name="Elsewhere">Whether that is another place than the one that was asked; no token goes there.</param>
/// <param name="Size">Its length in bytes.</param>
/// <param name="Tag">Its entity tag without quotes, or its date; null: neither was said.</param>
/// <param name="StrongTag">The tag in quotes, where the place of the bytes itself gave it and it is strong; null: it cannot be asked for.</param>
/// <param name="Commit">The commit it belongs to.</param>
internal sealed record WebEntity(Uri Bytes, bool Elsewhere, long Size, string? Tag, string? StrongTag, string? Commit)
{
    /// <summary>The digest, where the tag is one.</summary>
    public string? Sha256 => Sha256Text.Read(Tag);

    /// <summary>The quoted tag of an answer, where it is strong.</summary>
    public static string? StrongTagOf(HttpResponseMessage response) =>
        Header(response, "ETag") is { Length: > 2 } tag && tag[0] == '"' && tag[^1] == '"' ? tag : null;

    /// <summary>A header of an answer or its content.</summary>
    public static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.NonValidated.TryGetValues(name, out var values) || response.Content.Headers.NonValidated.TryGetValues(name, out values)
            ? values.ToString().Trim()
            : null;
}
