namespace Hybrid.Models.Pull;

/// <summary>SHA-256 as 64 lower-case hexadecimal digits.</summary>
internal static class Sha256Text
{
    /// <summary>The digest in lower case; null: the text is none.</summary>
    public static string? Read(string? text) => text is { Length: 64 } && text.All(char.IsAsciiHexDigit) ? text.ToLowerInvariant() : null;

    /// <summary>What an entity tag is without its quotes and the mark of a weak one.</summary>
    public static string? Tag(string? etag)
    {
        var text = etag?.Trim();
        if (text?.StartsWith("W/", StringComparison.Ordinal) == true)
            text = text[2..];
        text = text?.Trim('"');
        return string.IsNullOrEmpty(text) ? null : text;
    }
}
