using System.Net;

namespace Hybrid.Models.Pull.Web;

/// <summary>Which addresses are asked at all: HTTPS, and HTTP on this machine or where it was configured.</summary>
internal static class AddressRule
{
    /// <exception cref="HybridException">It is neither; nothing was sent.</exception>
    public static void Check(Uri address, PullOptions options)
    {
        if (address.Scheme == Uri.UriSchemeHttps)
            return;
        if (address.Scheme != Uri.UriSchemeHttp)
            throw new HybridException(HybridError.InvalidRequest, $"'{PlainAddress.Of(address)}' is not a web address. Nothing was sent.");
        if (IsThisMachine(address) || options.AllowHttp || Is(address, options.Hub.Endpoint) || Is(address, options.Mirror))
            return;
        throw new HybridException(HybridError.InvalidRequest,
            $"'{PlainAddress.Of(address)}' would be fetched without encryption. Nothing was sent. Use https:, or allow plain HTTP in the options where the line is trusted.");
    }

    /// <summary>By the host's text: <see cref="Uri.IsLoopback"/> is now and then wrong where several threads ask an address that was not asked before.</summary>
    public static bool IsThisMachine(Uri address) => address.Host is "localhost" || (IPAddress.TryParse(address.Host.Trim('[', ']'), out var host) && IPAddress.IsLoopback(host));

    private static bool Is(Uri address, string? configured) =>
        Uri.TryCreate(configured, UriKind.Absolute, out var allowed) && TokenRule.IsSameOrigin(address, allowed);
}
