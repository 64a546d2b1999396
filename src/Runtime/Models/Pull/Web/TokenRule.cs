namespace Hybrid.Models.Pull.Web;

/// <summary>Who may see the token: the hub's own host, port and scheme, and no plain text beyond this machine.</summary>
internal sealed class TokenRule(string endpoint, string? token)
{
    private readonly Uri? _endpoint = Uri.TryCreate(endpoint, UriKind.Absolute, out var address) ? address : null;

    public bool HasToken => token is not null;

    /// <summary>The token for an address; null: it gets none.</summary>
    public string? For(Uri address) =>
        token is not null && _endpoint is not null && IsSameOrigin(address, _endpoint) && (address.Scheme == Uri.UriSchemeHttps || AddressRule.IsThisMachine(address)) ? token : null;

    public static bool IsSameOrigin(Uri one, Uri other) =>
        one.Scheme == other.Scheme && one.Port == other.Port && string.Equals(one.IdnHost, other.IdnHost, StringComparison.OrdinalIgnoreCase);
}
