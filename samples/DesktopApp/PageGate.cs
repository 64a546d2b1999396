using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace DesktopApp;

/// <summary>Lets in the app's own page and nobody else: other users of this machine have no token, pages of other sites another origin.</summary>
/// <remarks>A page whose name was bound to this address after it was loaded names itself as the host, and is refused for that.</remarks>
internal sealed class PageGate(string token, Func<IPEndPoint> listening)
{
    private readonly byte[] _root = Encoding.UTF8.GetBytes($"/{token}/");

    public Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var (request, headers) = (context.Request, context.Response.Headers);
        // Nothing is loaded from elsewhere, and no other page may frame this one or learn its address.
        headers.ContentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        headers["Referrer-Policy"] = "no-referrer";
        headers.XContentTypeOptions = "nosniff";
        headers.CacheControl = "no-store";

        var here = listening().ToString();
        if (request.Host.Value != here)
            return RefuseAsync(context, $"This page is at {here} only.");
        if (!HasToken(request.Path.Value ?? ""))
            return RefuseAsync(context, "Open the address that the app printed when it started.");
        // A browser names the origin of everything that is not a plain visit.
        var origin = request.Headers.Origin.ToString();
        if (origin != $"http://{here}" && !(origin.Length == 0 && HttpMethods.IsGet(request.Method)))
            return RefuseAsync(context, "Only the app's own page may ask.");
        return next(context);
    }

    private bool HasToken(string path)
    {
        var bytes = Encoding.UTF8.GetBytes(path);
        return bytes.Length >= _root.Length && CryptographicOperations.FixedTimeEquals(bytes.AsSpan(0, _root.Length), _root);
    }

    private static Task RefuseAsync(HttpContext context, string why)
    {
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        return context.Response.WriteAsync(why, context.RequestAborted);
    }
}
