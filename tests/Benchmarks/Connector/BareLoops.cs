using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Hybrid.Protocol;

namespace Hybrid.Benchmarks.Connector;

/// <summary>What an app would write without us: HttpClient, a line at a time, and no care for what may go wrong.</summary>
internal sealed class BareHttp(Uri endpoint) : IDisposable
{
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = endpoint };

    public async Task<int> AskAsync(string text, int maxTokens, bool parse)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = JsonContent.Create(new { messages = new[] { new { role = "user", content = text } }, max_tokens = maxTokens, stream = true, temperature = 0, stream_options = new { include_usage = true } }),
        };
        await request.Content.LoadIntoBufferAsync(); // in one packet, as ours is
        using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var pieces = 0;
        while (await reader.ReadLineAsync() is { } line)
        {
            if (!line.StartsWith("data: ", StringComparison.Ordinal) || line == "data: [DONE]")
                continue;
            if (!parse)
            {
                pieces++;
                continue;
            }

            using var chunk = JsonDocument.Parse(line.AsMemory("data: ".Length));
            var choices = chunk.RootElement.GetProperty("choices");
            if (choices.GetArrayLength() > 0 && choices[0].GetProperty("delta").TryGetProperty("content", out var content) && content.GetString() is { Length: > 0 })
                pieces++;
        }

        return pieces;
    }

    public void Dispose() => _client.Dispose();
}

/// <summary>The same over gRPC: one frame out, frames in.</summary>
internal sealed class BareGrpc(Uri endpoint) : IDisposable
{
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = endpoint };

    public async Task<int> AskAsync(string text, int maxTokens)
    {
        var message = new GenerateRequest { Messages = new(), MaxTokens = maxTokens, Sampling = new() { Temperature = 0 } };
        message.Messages.Messages.Add(new Message { Role = "user", Text = text });
        using var request = new HttpRequestMessage(HttpMethod.Post, "/hybrid.decode.v1.Decode/Generate")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(GrpcFraming.ToArray(message)) { Headers = { ContentType = new MediaTypeHeaderValue("application/grpc") } },
        };
        request.Headers.TE.Add(new("trailers"));
        using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        var reader = new GrpcMessageReader(await response.Content.ReadAsStreamAsync());
        var pieces = 0;
        while (await reader.ReadAsync(GenerateUpdate.Parser) is { } update)
            pieces += update.TokenCount;
        return pieces;
    }

    public void Dispose() => _client.Dispose();
}
