using System.Text.Json;

namespace Hybrid.Accounting;

/// <summary>Asks an intensity provider over HTTP.</summary>
internal sealed class GridHttp : IDisposable
{
    /// <summary>No honest answer is longer.</summary>
    private const int MostBytes = 1 << 20;

    private readonly HttpClient _client;
    private readonly Uri _endpoint;
    private readonly (string Name, string Value)? _key;

    public GridHttp(Uri endpoint, (string Name, string Value)? key = null, HttpMessageHandler? handler = null)
    {
        // A redirect is not followed: the key would go along to wherever it points.
        _client = new(handler ?? new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(15) })
        {
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = MostBytes,
        };
        _endpoint = endpoint.AbsoluteUri.EndsWith('/') ? endpoint : new Uri(endpoint.AbsoluteUri + "/");
        _key = key;
    }

    public async Task<T> GetAsync<T>(string path, Func<JsonElement, T> read, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_endpoint, path));
        request.Headers.Accept.ParseAdd("application/json");
        if (_key is var (name, value)) request.Headers.TryAddWithoutValidation(name, value);
        using var response = await _client.SendAsync(request, cancellationToken);
        if (!response.IsSuccessStatusCode)
            throw new GridAnswerException($"it answered HTTP {(int)response.StatusCode}");
        await using var content = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var json = await JsonDocument.ParseAsync(content, default, cancellationToken);
        return read(json.RootElement);
    }

    public void Dispose() => _client.Dispose();
}
