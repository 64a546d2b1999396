using System.Net;
using Hybrid.CloudWorker.OpenAi;
using Microsoft.AspNetCore.Http;

namespace Hybrid.Cli.Serve;

/// <summary>Keeps web pages away from a server on loopback, which asks for no key: by the page's origin, and by the name under which it was found.</summary>
/// <remarks>A page of another site says its origin; one whose name was bound to this address afterwards says its own name as the host.</remarks>
internal sealed class LoopbackGate(IPAddress bound)
{
    private readonly bool _guards = IPAddress.IsLoopback(bound);

    public Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (!_guards || (IsHere(context.Request.Host.Host) && IsLocal(context.Request.Headers.Origin.ToString())))
            return next(context);
        return OpenAiErrors.WriteAsync(context, StatusCodes.Status403Forbidden, new(
            "This server is for programs on this device; a page of another site may not ask it.", "invalid_request_error", null, "origin_not_allowed"));
    }

    private static bool IsLocal(string origin) => origin.Length == 0 || (Uri.TryCreate(origin, UriKind.Absolute, out var from) && IsHere(from.Host));

    private static bool IsHere(string host) =>
        host.Length == 0 || host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
