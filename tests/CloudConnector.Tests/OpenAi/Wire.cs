using System.Text.Json;
using Hybrid.CloudConnector.OpenAi;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.Tests.OpenAi;

/// <summary>Pieces of the wire, targets and requests.</summary>
internal static class Wire
{
    public const string Stream = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
    public const string Role = "data: {\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n";
    public const string Stop = "data: {\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    public const string Usage = "data: {\"id\":\"1\",\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":5,\"total_tokens\":12,\"prompt_tokens_details\":{\"cached_tokens\":2}}}\n\n";
    public const string Done = "data: [DONE]\n\n";

    public static DecodeRequest Chat { get; } = new() { Prompt = new MessagesPrompt([new("user", "the canary asks")]), Id = "r1", Sampling = SamplingOptions.Greedy };

    public static string Piece(string text) => $"data: {{\"id\":\"1\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":{JsonSerializer.Serialize(text)}}},\"finish_reason\":null}}]}}\n\n";

    public static string Json(int status, string body, string headers = "") =>
        $"HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n{headers}\r\n{body}";

    public static OpenAiTargetOptions Options(Uri endpoint, TargetCapabilities more = TargetCapabilities.None) => new()
    {
        Endpoint = endpoint,
        ConnectTimeout = TimeSpan.FromMinutes(1), // a busy machine is not what is tested
        Continuation = ContinuationMode.None,
        Descriptor = new() { Name = "pool", Model = "scripted", Zone = Zone.Site, Capabilities = TargetCapabilities.Chat | more },
    };
}
