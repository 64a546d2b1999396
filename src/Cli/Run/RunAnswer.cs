using System.Buffers;
using System.Text;
using System.Text.Json;
using Hybrid.Accounting;
using Hybrid.Policy;
using Microsoft.Extensions.AI;

namespace Hybrid.Cli.Run;

/// <summary>An answer as it came in, and its JSON.</summary>
internal sealed class RunAnswer
{
    private readonly StringBuilder _text = new();
    private readonly List<(string Target, StringBuilder Text)> _segments = [];
    private string? _finish;
    private RequestReceipt? _receipt;

    public Decision? Decision { get; private set; }

    public void Add(ChatResponseUpdate update)
    {
        var properties = update.AdditionalProperties;
        Decision ??= properties?.GetValueOrDefault(HybridUpdateKeys.Decision) as Decision;
        _receipt ??= properties?.GetValueOrDefault(HybridUpdateKeys.Receipt) as RequestReceipt;
        _finish ??= update.FinishReason?.Value;
        _text.Append(update.Text);
        if (properties?.GetValueOrDefault(HybridUpdateKeys.Target) is string target && update.Text.Length > 0)
        {
            if (_segments.Count == 0 || _segments[^1].Target != target)
                _segments.Add((target, new StringBuilder()));
            _segments[^1].Text.Append(update.Text);
        }
    }

    /// <summary>Who took it and why, and a line for each move of the stream.</summary>
    public IEnumerable<string> Summary()
    {
        if (Decision is { } decision)
            yield return decision.ExplainLine();
        foreach (var handover in _receipt?.Handovers ?? [])
            yield return handover.ToString();
    }

    public string ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("text", _text.ToString());
            writer.WriteString("finishReason", _finish);
            writer.WriteStartArray("segments");
            foreach (var (target, text) in _segments)
            {
                writer.WriteStartObject();
                writer.WriteString("target", target);
                writer.WriteString("text", text.ToString());
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            if (_receipt is not null)
            {
                writer.WritePropertyName("receipt");
                _receipt.WriteTo(writer);
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
