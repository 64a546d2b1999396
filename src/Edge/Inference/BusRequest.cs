using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Hybrid.Chat;
using Hybrid.Edge.Mqtt;
using Hybrid.OpenAi;
using Hybrid.Targets;

namespace Hybrid.Edge.Inference;

/// <summary>Who asked, and where the answer goes: what is known of a request before it is understood.</summary>
/// <param name="ReplyTopic">Where the answer goes.</param>
/// <param name="Correlation">What each message of it carries; empty over MQTT 3.1.1.</param>
/// <param name="Id">What each message of it says in its body; null where the request said none.</param>
/// <param name="AskedAt">When it came.</param>
/// <param name="Until">When nobody waits for it any more; null: not known.</param>
/// <param name="Body">The request as it came.</param>
internal sealed record BusRequest(string ReplyTopic, byte[] Correlation, string? Id, DateTimeOffset AskedAt, DateTimeOffset? Until, byte[] Body)
{
    private const int LongestId = 256;

    /// <summary>The same for every delivery of the same request.</summary>
    public string Key { get; } = Convert.ToHexStringLower(SHA256.HashData(
        [.. Encoding.UTF8.GetBytes(ReplyTopic), 0, .. Correlation, 0, .. Encoding.UTF8.GetBytes(Id ?? "")]).AsSpan(0, 16));

    /// <summary>Reads who asked; null where that cannot be told, so that nobody can be answered.</summary>
    public static BusRequest? Of(MqttMessage message, string fleet, DateTimeOffset now)
    {
        var (replyTo, id) = Told(message.Payload);
        var topic = message.ResponseTopic ?? replyTo;
        var correlation = message.CorrelationData.ToArray();
        if (!InferTopics.IsReply(topic, fleet) || (correlation.Length == 0 && id is not { Length: > 0 }) || correlation.Length + (id?.Length ?? 0) > LongestId)
            return null;
        return new(topic!, correlation, id, now, message.Expiry is { } left ? now + left : null, message.Payload.ToArray());
    }

    /// <summary>What is asked, with what is left of its time.</summary>
    /// <exception cref="OpenAiException">It cannot be answered as it is.</exception>
    /// <exception cref="JsonException">It is no JSON.</exception>
    /// <exception cref="HybridException">What the policy is told is out of range, or its time has passed.</exception>
    public ChatCall Read(DateTimeOffset now)
    {
        var fields = RequestFields.Read(Body);
        fields.Ignore("id", "reply_to", "stream", "stream_options");
        var call = HybridFields.ReadChat(fields, static _ => null).Call;
        call = call with { Wishes = call.Wishes with { CanWaitUntil = null } }; // Nobody holds a place for hours; who asks can wait itself.
        DateTimeOffset? wanted = call.Wishes.Deadline is { } deadline ? AskedAt + deadline : null;
        var end = wanted is null || Until < wanted ? Until : wanted;
        if (end is not { } until) return call;
        return until > now
            ? call with { Wishes = call.Wishes with { Deadline = until - now } }
            : throw new HybridException(HybridError.DeadlineExceeded, "The request's time passed before it was its turn. Nothing was sent.");
    }

    /// <summary>Who goes first where requests wait; what cannot be read is refused at its turn.</summary>
    public RequestPriority Priority(DateTimeOffset now)
    {
        try
        {
            return Read(now).Wishes.Priority ?? RequestPriority.Normal;
        }
        catch (Exception unread) when (unread is OpenAiException or JsonException or HybridException)
        {
            return RequestPriority.Interactive;
        }
    }

    private static (string? ReplyTo, string? Id) Told(ReadOnlyMemory<byte> payload)
    {
        try
        {
            using var body = JsonDocument.Parse(payload);
            return body.RootElement.ValueKind == JsonValueKind.Object ? (Text(body.RootElement, "reply_to"), Text(body.RootElement, "id")) : default;
        }
        catch (JsonException)
        {
            return default; // told to who asked, if the message itself says where
        }
    }

    private static string? Text(JsonElement body, string name) => body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
