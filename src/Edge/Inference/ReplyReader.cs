using System.Text.Json;
using Hybrid.OpenAi;
using Hybrid.Targets;

namespace Hybrid.Edge.Inference;

/// <summary>Puts one answer together from its messages: one that came twice is dropped, one that is missing is a fault.</summary>
internal sealed class ReplyReader(string target)
{
    private int _next;

    /// <summary>Reads a message; none where it came before.</summary>
    /// <exception cref="HybridException">It tells of an error, cannot be read, or one before it is missing.</exception>
    public IEnumerable<DecodeUpdate> Read(ReadOnlyMemory<byte> payload)
    {
        try
        {
            using var body = JsonDocument.Parse(payload);
            return [.. Read(body.RootElement)];
        }
        catch (Exception unread) when (unread is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw new HybridException(HybridError.Internal, $"Target '{target}' sent a message that is no part of an answer. What was delivered stands.", unread);
        }
    }

    private IEnumerable<DecodeUpdate> Read(JsonElement body)
    {
        if (body.TryGetProperty("error", out var error))
        {
            var kind = ErrorCodes.Parse(error.GetProperty("code").GetString());
            throw new HybridException(kind, $"Target '{target}' failed: {error.GetProperty("message").GetString()}");
        }

        var number = body.GetProperty("n").GetInt32();
        if (number < _next) yield break;
        if (number > _next) throw new HybridException(HybridError.TargetUnavailable, $"Target '{target}': a part of its answer did not arrive. What was delivered stands.");
        _next++;
        if (body.TryGetProperty("text", out var text)) yield return new(text.GetString()!, TokenEstimate.OfText(text.GetString()!));
        if (body.TryGetProperty("tool_calls", out var calls))
        {
            foreach (var call in calls.EnumerateArray())
                yield return new("", 0) { ToolCall = new(call.GetProperty("id").GetString()!, call.GetProperty("name").GetString()!, call.GetProperty("arguments").GetString()!) };
        }

        if (body.TryGetProperty("finish", out var finish)) yield return new("", 0, Completion(finish.GetString(), body.GetProperty("usage")));
    }

    private static DecodeCompletion Completion(string? finish, JsonElement usage) => new()
    {
        Finish = finish switch
        {
            "stop" => DecodeFinish.Stop,
            "length" => DecodeFinish.Length,
            "tool_calls" => DecodeFinish.ToolCalls,
            _ => throw new FormatException("No such finish."),
        },
        PromptTokens = usage.GetProperty("prompt_tokens").GetInt32(),
        OutputTokens = usage.GetProperty("completion_tokens").GetInt32(),
    };
}
