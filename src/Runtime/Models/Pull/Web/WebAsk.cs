using System.Globalization;
using System.Net;

namespace Hybrid.Models.Pull.Web;

/// <summary>Asks a server what a file is before any of it is fetched.</summary>
internal static class WebAsk
{
    /// <summary>By the hub's conventions: its own headers say what the file is, an absolute redirect where the bytes are.</summary>
    /// <exception cref="HybridException">It is refused, or its length is not told.</exception>
    public static async Task<WebEntity> HubAsync(PullHttp http, Uri address, StallGuard guard)
    {
        using var reached = await Reached.WithinHostAsync(http, HttpMethod.Head, address, trusted: true, guard);
        var response = reached.Response;
        if (reached.Left is null && !response.IsSuccessStatusCode)
            throw Refused(http, response, address);
        var linked = WebEntity.Header(response, "X-Linked-Size") ?? WebEntity.Header(response, "X-Linked-Etag");
        var tag = Sha256Text.Tag(WebEntity.Header(response, "X-Linked-Etag") ?? WebEntity.Header(response, "ETag"));
        var commit = WebEntity.Header(response, "X-Repo-Commit");
        if (reached.Left is not { } elsewhere)
        {
            var size = Number(WebEntity.Header(response, "X-Linked-Size")) ?? response.Content.Headers.ContentLength ?? throw NoLength(address);
            return new(reached.At, Elsewhere: false, size, tag, linked is null ? WebEntity.StrongTagOf(response) : null, commit);
        }

        if (Number(WebEntity.Header(response, "X-Linked-Size")) is { } announced)
            return new(elsewhere, Elsewhere: true, announced, tag, null, commit);
        // The storage behind it knows the length at least.
        var behind = await PlainAsync(http, elsewhere, guard);
        return behind with { Elsewhere = true, Tag = tag ?? behind.Tag, Commit = commit };
    }

    /// <summary>On any server, without any token.</summary>
    /// <inheritdoc cref="HubAsync" path="/exception" />
    public static async Task<WebEntity> PlainAsync(PullHttp http, Uri address, StallGuard guard)
    {
        using var reached = await Reached.AnywhereAsync(http, HttpMethod.Head, address, null, null, guard);
        // Presigned addresses and small servers often know GET only.
        if (reached.Response.StatusCode is HttpStatusCode.MethodNotAllowed or HttpStatusCode.NotImplemented or HttpStatusCode.Forbidden)
        {
            using var first = await Reached.AnywhereAsync(http, HttpMethod.Get, address, (0, 0), null, guard);
            return Of(http, first, address, first.Response.Content.Headers.ContentRange?.Length
                ?? (first.Response.StatusCode is HttpStatusCode.OK ? first.Response.Content.Headers.ContentLength : null));
        }

        return Of(http, reached, address, reached.Response.Content.Headers.ContentLength);
    }

    private static WebEntity Of(PullHttp http, Reached reached, Uri address, long? size)
    {
        if (!reached.Response.IsSuccessStatusCode)
            throw Refused(http, reached.Response, address);
        var tag = Sha256Text.Tag(WebEntity.Header(reached.Response, "ETag")) ?? reached.Response.Content.Headers.LastModified?.ToString("O", CultureInfo.InvariantCulture);
        return new(reached.At, reached.At != address, size ?? throw NoLength(address), tag, WebEntity.StrongTagOf(reached.Response), null);
    }

    public static Exception Refused(PullHttp http, HttpResponseMessage response, Uri address) =>
        (Exception?)WebFaults.Passing(response, http.Options.TimeProvider) ?? WebRefusal.Of(response, PlainAddress.Of(address), http.Hub.HasToken);

    private static long? Number(string? text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static HybridException NoLength(Uri address) =>
        new(HybridError.ModelFile, $"'{PlainAddress.Of(address)}': the server does not tell the file's length, so a cut transfer could not be told from a whole one. Nothing was fetched. Use a server that sends Content-Length.");
}
