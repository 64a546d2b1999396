namespace Hybrid.Models.Pull.Hub;

/// <summary>The addresses of a hub, escaped as Hugging Face does it.</summary>
/// <param name="endpoint">Where it is, without a slash at the end; it may have a path.</param>
internal sealed class HubAddress(string endpoint)
{
    public const string Main = "main";

    public Uri File(string repository, string revision, string path) =>
        new($"{endpoint}/{repository}/resolve/{Uri.EscapeDataString(revision)}/{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}");

    public Uri Listing(string repository, string revision) =>
        new($"{endpoint}/api/models/{repository}/revision/{Uri.EscapeDataString(revision)}");

    /// <exception cref="HybridException">It is no web address.</exception>
    public static HubAddress Of(string endpoint, string setting) =>
        Uri.TryCreate(endpoint, UriKind.Absolute, out var address) && (address.Scheme == Uri.UriSchemeHttps || address.Scheme == Uri.UriSchemeHttp) && address.UserInfo.Length == 0
            ? new(endpoint.TrimEnd('/'))
            : throw new HybridException(HybridError.Configuration, $"{setting} is not a web address such as https://huggingface.co. Nothing was fetched.");
}
