using System.Buffers;
using System.Text.Json;
using Hybrid.CloudWorker.OpenAi;
using Hybrid.Edge.Waiting;
using Hybrid.OpenAi;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Hybrid.Cli.Serve;

/// <summary>Requests that can wait: taken with <c>Prefer: respond-async</c> (RFC 7240), fetched and removed by their name.</summary>
internal sealed class WaitingEndpoints(WaitingRequests waiting, ILogger logger)
{
    private const string Path = "/v1/hybrid/requests/";

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path + "{id}", OpenAiErrors.Guard(GetAsync, logger));
        routes.MapDelete(Path + "{id}", OpenAiErrors.Guard(DeleteAsync, logger));
    }

    /// <summary>Whether an app would rather fetch the answer later.</summary>
    public static bool IsWanted(HttpRequest request) =>
        request.Headers["Prefer"].Any(value => value!.Split(',', ';').Any(one => one.Trim().Equals("respond-async", StringComparison.OrdinalIgnoreCase)));

    /// <summary>Takes a request; the answer says where its own answer will be.</summary>
    public Task TakeAsync(HttpContext context, byte[] body)
    {
        var headers = context.Request.Headers
            .Where(one => one.Key.StartsWith(HybridFields.HeaderPrefix, StringComparison.OrdinalIgnoreCase))
            .ToDictionary(one => one.Key, one => one.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        var status = waiting.Add(body, headers);
        context.Response.StatusCode = StatusCodes.Status202Accepted;
        context.Response.Headers.Location = Path + status.Id;
        context.Response.Headers["Preference-Applied"] = "respond-async";
        return WriteAsync(context, status);
    }

    private Task GetAsync(HttpContext context) => WriteAsync(context, waiting.Find(Id(context)) ?? throw Missing(context));

    private Task DeleteAsync(HttpContext context)
    {
        if (!waiting.Remove(Id(context))) throw Missing(context);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    private static string Id(HttpContext context) => (string)context.Request.RouteValues["id"]!;

    private static OpenAiException Missing(HttpContext context) => new(
        StatusCodes.Status404NotFound, $"There is no request '{Id(context)}' here; it was removed, or its answer expired.", "id", "request_not_found");

    private static async Task WriteAsync(HttpContext context, WaitingStatus status)
    {
        var buffer = new ArrayBufferWriter<byte>(status.Result.Length + 256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("id", status.Id);
            json.WriteString("object", "hybrid.request");
            json.WriteString("status", status.State.ToString().ToLowerInvariant());
            if (status.Until != default) json.WriteString("can_wait_until", status.Until);
            if (status.StartAt is { } start) json.WriteString("start_at", start);
            if (status.Reason.Length > 0) json.WriteString("reason", status.Reason);
            if (!status.Result.IsEmpty)
            {
                json.WritePropertyName(status.State == WaitingState.Done ? "response" : "error");
                json.WriteRawValue(status.Result.Span);
            }

            json.WriteEndObject();
        }

        context.Response.ContentType = "application/json; charset=utf-8";
        await context.Response.Body.WriteAsync(buffer.WrittenMemory, context.RequestAborted);
    }
}
