namespace Hybrid.Models.Pull.Web;

/// <summary>Whether an answer holds the bytes that were asked for; a server's word for it is not enough.</summary>
internal static class RangeAnswer
{
    /// <exception cref="PullFault">It holds others, or belongs to another version of the file.</exception>
    public static void Check(HttpResponseMessage response, WebEntity entity, long offset, long length)
    {
        Plain(response);
        SameTag(response, entity);
        var range = response.Content.Headers.ContentRange;
        if (range is not { Unit: "bytes", HasRange: true } || range.From != offset || range.To != offset + length - 1)
            throw new PullFault(PullRemedy.Again, $"it answered for '{range?.ToString() ?? "no range"}' and not for bytes {offset}-{offset + length - 1}");
        if (range.Length is { } size && size != entity.Size)
            throw new PullFault(PullRemedy.AskAnew, $"it has {size} bytes now and had {entity.Size}");
        if (response.Content.Headers.ContentLength is { } announced && announced != length)
            throw new PullFault(PullRemedy.Again, $"it announced {announced} bytes for a range of {length}");
    }

    /// <summary>What a whole file in place of a range means.</summary>
    public static PullFault Whole(HttpResponseMessage response, WebEntity entity)
    {
        SameTag(response, entity);
        return new(PullRemedy.OneStream, "it serves no ranges");
    }

    /// <exception cref="PullFault">It is another file than the one that was announced.</exception>
    public static void CheckWhole(HttpResponseMessage response, WebEntity entity)
    {
        Plain(response);
        SameTag(response, entity);
        if (response.Content.Headers.ContentLength is { } size && size != entity.Size)
            throw new PullFault(PullRemedy.AskAnew, $"it has {size} bytes now and had {entity.Size}");
    }

    private static void Plain(HttpResponseMessage response)
    {
        if (response.Content.Headers.ContentEncoding.Any(encoding => !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase)))
            throw new PullFault(PullRemedy.Again, "it was compressed on its way although that was not asked for");
    }

    /// <summary>Only where the bytes' own place gave the tag: a hub's tag and that of the storage behind it are two.</summary>
    private static void SameTag(HttpResponseMessage response, WebEntity entity)
    {
        if (entity.StrongTag is { } known && WebEntity.StrongTagOf(response) is { } now && now != known)
            throw new PullFault(PullRemedy.AskAnew, "it has changed at its source");
    }
}
