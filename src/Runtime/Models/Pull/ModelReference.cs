namespace Hybrid.Models.Pull;

/// <summary>Where a model is pulled from.</summary>
public enum ModelSourceKind
{
    /// <summary>A repository of the Hugging Face hub: <c>hf:</c>.</summary>
    Hub,

    /// <summary>A repository on the site's mirror: <c>mirror:</c>.</summary>
    Mirror,

    /// <summary>A file on a web server: <c>https:</c>, or <c>http:</c> where that is allowed.</summary>
    Web,

    /// <summary>A file on this machine, which is copied: <c>file:</c>.</summary>
    File,
}

/// <summary>A model as a person names it: <c>hf:Qwen/Qwen3-0.6B-GGUF:Q8_0</c>, <c>hf:owner/repo/file.gguf@revision</c>, <c>mirror:…</c>, <c>https://…</c>, <c>file:…</c>.</summary>
public sealed record ModelReference
{
    /// <summary>What kind of place it is in.</summary>
    public required ModelSourceKind Kind { get; init; }

    /// <summary><c>owner/repo</c> of a hub or mirror; else the address or the path.</summary>
    public required string Location { get; init; }

    /// <summary>A branch, tag or commit of the repository.</summary>
    /// <value>Null: <c>main</c>.</value>
    public string? Revision { get; init; }

    /// <summary>The path of one file in the repository; its other splits come along.</summary>
    public string? File { get; init; }

    /// <summary>The quantisation that is wanted, such as <c>Q8_0</c>; upper and lower case are the same.</summary>
    public string? Quantisation { get; init; }

    /// <summary>The SHA-256 that the file must have, 64 lower-case hexadecimal digits: <c>https://…#sha256=…</c>.</summary>
    public string? Sha256 { get; init; }

    /// <summary>Reads a reference.</summary>
    /// <exception cref="HybridException">It is none; the message says what is wrong and shows one.</exception>
    public static ModelReference Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return ReferenceText.Read(text.Trim());
    }

    /// <summary>As it would be typed; without an address's query, which may hold a key.</summary>
    public override string ToString() => Kind switch
    {
        ModelSourceKind.Web => PlainAddress.Of(Location),
        ModelSourceKind.File => "file:" + Location,
        var kind => $"{(kind is ModelSourceKind.Hub ? "hf" : "mirror")}:{Location}{(File is null ? "" : "/" + File)}{(Quantisation is null ? "" : ":" + Quantisation)}{(Revision is null ? "" : "@" + Revision)}",
    };
}
