namespace Hybrid.Models.Pull.Web;

/// <summary>Where an answer sends its reader on.</summary>
/// <param name="To">The new address.</param>
/// <param name="Relative">Whether it was written without a host, and leads to the same one.</param>
internal readonly record struct Redirect(Uri To, bool Relative)
{
    /// <summary>The redirect of an answer; null: it is none.</summary>
    public static Redirect? Of(HttpResponseMessage response, Uri from)
    {
        if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308) || !response.Headers.NonValidated.TryGetValues("Location", out var values))
            return null;
        var text = values.ToString().Trim();
        if (text.Length == 0 || !Uri.TryCreate(from, text, out var to))
            return null;
        // What is written relative may still lead elsewhere (//host, \\host), so both are asked.
        var relative = !text.Contains("://", StringComparison.Ordinal) && !text.StartsWith("//", StringComparison.Ordinal) && TokenRule.IsSameOrigin(to, from);
        return new(to, relative);
    }
}

/// <summary>An answer and how its asker got to it.</summary>
/// <param name="Response">The last answer.</param>
/// <param name="At">The address that gave it.</param>
/// <param name="Left">The absolute redirect that was not followed; null: there was none.</param>
internal sealed record Reached(HttpResponseMessage Response, Uri At, Uri? Left) : IDisposable
{
    private const int MostHops = 8;

    /// <summary>Follows relative redirects, with the token; stops before an absolute one.</summary>
    public static async Task<Reached> WithinHostAsync(PullHttp http, HttpMethod method, Uri address, bool trusted, StallGuard guard)
    {
        for (var hops = 0; ; hops++)
        {
            var response = await http.SendAsync(method, address, trusted, null, null, guard);
            if (Redirect.Of(response, address) is not { } redirect)
                return new(response, address, null);
            if (!redirect.Relative)
                return new(response, address, redirect.To);
            response.Dispose();
            address = hops < MostHops ? redirect.To : throw Loop(address);
        }
    }

    /// <summary>Follows every redirect, without any token, never from HTTPS to HTTP.</summary>
    public static async Task<Reached> AnywhereAsync(PullHttp http, HttpMethod method, Uri address, (long First, long Last)? range, string? ifRange, StallGuard guard)
    {
        for (var hops = 0; ; hops++)
        {
            var response = await http.SendAsync(method, address, trusted: false, range, ifRange, guard);
            if (Redirect.Of(response, address) is not { } redirect)
                return new(response, address, null);
            response.Dispose();
            if (address.Scheme == Uri.UriSchemeHttps && redirect.To.Scheme != Uri.UriSchemeHttps)
                throw new HybridException(HybridError.TargetUnavailable, $"'{PlainAddress.Of(address)}' sends on to '{PlainAddress.Of(redirect.To)}', which is not encrypted. That was not followed. Ask whoever runs the server.");
            address = hops < MostHops ? redirect.To : throw Loop(address);
        }
    }

    public void Dispose() => Response.Dispose();

    private static HybridException Loop(Uri address) =>
        new(HybridError.TargetUnavailable, $"'{PlainAddress.Of(address)}' sends on more than {MostHops} times. What had arrived is kept. Check the address.");
}
