namespace Hybrid.Models.Pull;

/// <summary>Addresses as they may be shown and stored: presigned ones carry their key in the query.</summary>
internal static class PlainAddress
{
    public static string Of(Uri address) => address.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);

    public static string Of(string address) => Of(new Uri(address));
}
