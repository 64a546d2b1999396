namespace Hybrid.CloudConnector.OpenAi;

/// <summary>The addresses under a base address that may or may not end in <c>/v1</c>.</summary>
internal sealed class ServerAddress(Uri endpoint)
{
    private const string Version = "/v1";

    private readonly string _root = Root(endpoint);

    public Uri Chat { get; } = Under(endpoint, Version + "/chat/completions");

    public Uri Completions { get; } = Under(endpoint, Version + "/completions");

    public Uri Models { get; } = Under(endpoint, Version + "/models");

    /// <summary>Host and port, for messages.</summary>
    public string Authority => endpoint.GetLeftPart(UriPartial.Authority);

    /// <summary>An address beside <c>/v1</c>, such as <c>/health</c>.</summary>
    public Uri Beside(string path) => new(_root + path + endpoint.Query);

    private static Uri Under(Uri endpoint, string path) => new(Root(endpoint) + path + endpoint.Query);

    private static string Root(Uri endpoint)
    {
        var path = endpoint.GetLeftPart(UriPartial.Path).TrimEnd('/');
        return path.EndsWith(Version, StringComparison.OrdinalIgnoreCase) ? path[..^Version.Length] : path;
    }
}
