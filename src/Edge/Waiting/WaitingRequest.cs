using System.Buffers;
using System.Text.Json;
using Hybrid.Chat;
using Hybrid.OpenAi;
using Hybrid.Protocol;
using Hybrid.Targets;

namespace Hybrid.Edge.Waiting;

/// <summary>A request that can wait, as it is on disk.</summary>
/// <param name="Id">Its name, which nobody can guess.</param>
/// <param name="AskedAt">When it was taken.</param>
/// <param name="Until">Until when it can wait.</param>
/// <param name="Privacy">Its class as it was when it was taken; what the default is later does not matter.</param>
/// <param name="Begun">How often a process began to run it and did not come to the end.</param>
/// <param name="Headers">What it told the policy in headers.</param>
/// <param name="Body">The body as it came.</param>
internal sealed record WaitingRequest(
    string Id, DateTimeOffset AskedAt, DateTimeOffset Until, PrivacyClass Privacy, int Begun, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    /// <summary>Takes a body and what the headers say; nothing is written yet.</summary>
    /// <exception cref="OpenAiException">It cannot be answered, or does not say until when it can wait.</exception>
    /// <exception cref="HybridException">What the policy is told is out of range.</exception>
    public static WaitingRequest Of(byte[] body, IReadOnlyDictionary<string, string> headers, PrivacyClass usual, DateTimeOffset now)
    {
        var request = new WaitingRequest(Guid.NewGuid().ToString("N"), now, now, usual, 0, headers, body);
        var (question, call) = HybridFields.ReadChat(RequestFields.Read(body), name => headers.GetValueOrDefault(name));
        if (question.Stream) throw OpenAiException.Invalid("stream", "An answer that is fetched later cannot be streamed; leave out 'stream'.");
        if (call.Wishes.CanWaitUntil is not { } until || until <= now || until > now + Longest)
            throw OpenAiException.Invalid("hybrid.can_wait_until", $"'hybrid.can_wait_until' must be a time from now to {Longest.TotalDays} days ahead.");
        return request with { Until = until, Privacy = call.Wishes.Privacy ?? usual };
    }

    /// <summary>What is asked.</summary>
    public (OpenAiQuestion Question, ChatCall Call) Read()
    {
        var (question, call) = HybridFields.ReadChat(RequestFields.Read(Body), name => Headers.GetValueOrDefault(name));
        return (question, call with { Wishes = call.Wishes with { Privacy = Privacy, CanWaitUntil = Until, Priority = call.Wishes.Priority ?? RequestPriority.Background } });
    }

    public static WaitingRequest? Parse(string id, byte[] bytes)
    {
        try
        {
            var line = bytes.AsSpan().IndexOf((byte)'\n');
            if (line < 0) return null;
            using var head = JsonDocument.Parse(bytes.AsMemory(0, line));
            var root = head.RootElement;
            var headers = root.GetProperty("headers").EnumerateObject().ToDictionary(one => one.Name, one => one.Value.GetString()!, StringComparer.OrdinalIgnoreCase);
            return new(
                id, root.GetProperty("asked").GetDateTimeOffset(), root.GetProperty("until").GetDateTimeOffset(), DecodeMapping.PrivacyFromName(root.GetProperty("privacy").GetString()!),
                root.GetProperty("begun").GetInt32(), headers, bytes[(line + 1)..]);
        }
        catch (Exception unread) when (unread is JsonException or InvalidOperationException or FormatException or KeyNotFoundException or HybridException)
        {
            return null;
        }
    }

    public byte[] Write()
    {
        var buffer = new ArrayBufferWriter<byte>(Body.Length + 256);
        using (var head = new Utf8JsonWriter(buffer))
        {
            head.WriteStartObject();
            head.WriteString("asked", AskedAt);
            head.WriteString("until", Until);
            head.WriteString("privacy", DecodeMapping.ToName(Privacy));
            head.WriteNumber("begun", Begun);
            head.WriteStartObject("headers");
            foreach (var (name, value) in Headers) head.WriteString(name, value);
            head.WriteEndObject();
            head.WriteEndObject();
        }

        buffer.Write("\n"u8);
        buffer.Write(Body);
        return buffer.WrittenSpan.ToArray();
    }
}
