namespace Hybrid.CloudWorker.Hosting;

/// <summary>A model file and the id that clients ask for.</summary>
internal sealed record ServedModel(string Id, string Path)
{
    /// <summary>Reads <c>PATH</c> or <c>ID=PATH</c>; what stands before a <c>=</c> is an id only where it is no part of a path.</summary>
    public static ServedModel Parse(string text)
    {
        var at = text.IndexOf('=', StringComparison.Ordinal);
        return at > 0 && text.AsSpan(0, at).IndexOfAny('/', '\\') < 0
            ? new(text[..at], text[(at + 1)..])
            : new(System.IO.Path.GetFileNameWithoutExtension(text), text);
    }
}
