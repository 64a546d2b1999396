using System.Net.Http.Json;
using System.Text.Json;

namespace Hybrid.Benchmarks.Gateway;

/// <summary>One chat over OpenAI-compatible HTTP: the same request and the same reading, whoever stands between.</summary>
internal sealed class ChatUpstream(Uri address, params (string Name, string Value)[] headers) : IDisposable
{
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false });

    public async Task<string> AskAsync(string text, CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(address, "/v1/chat/completions"))
        {
            Content = JsonContent.Create(new { model = "m", messages = new[] { new { role = "user", content = text } } }),
        };
        request.Headers.Authorization = new("Bearer", "none");
        foreach (var (name, value) in headers)
            request.Headers.Add(name, value);
        using var response = await _client.SendAsync(request, cancellationToken);
        var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        if (!response.IsSuccessStatusCode)
            throw new InvalidOperationException($"{address}: {(int)response.StatusCode} {System.Text.Encoding.UTF8.GetString(body)}");
        using var answer = JsonDocument.Parse(body);
        return answer.RootElement.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;
    }

    public void Dispose() => _client.Dispose();
}
