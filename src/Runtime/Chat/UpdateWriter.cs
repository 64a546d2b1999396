using Hybrid.Accounting;
using Hybrid.Policy;
using Hybrid.Streaming;
using Microsoft.Extensions.AI;

namespace Hybrid.Chat;

/// <summary>Writes pieces of one answer as chat updates.</summary>
internal sealed class UpdateWriter(string id, Decision decision, TimeProvider time, bool handoverMarkers)
{
    private bool _first = true;

    public ChatResponseUpdate Write(in StreamPiece piece)
    {
        var update = new ChatResponseUpdate(ChatRole.Assistant, piece.Text.Length > 0 ? [new TextContent(piece.Text)] : [])
        {
            ResponseId = id,
            MessageId = id,
            ModelId = piece.Model,
            CreatedAt = time.GetUtcNow(),
            AdditionalProperties = new() { [HybridUpdateKeys.Target] = piece.Target },
        };
        if (piece.ToolCall is { } call) update.Contents.Add(ToolJson.Content(call));
        if (piece.Scores is { } scores) update.AdditionalProperties[HybridUpdateKeys.Scores] = scores;
        if (handoverMarkers && piece.Handover is { } handover) update.AdditionalProperties[HybridUpdateKeys.Handover] = handover;
        if (_first) update.AdditionalProperties[HybridUpdateKeys.Decision] = decision;
        _first = false;
        if (piece.Receipt is not { } receipt) return update;

        update.FinishReason = receipt.Finish switch
        {
            RequestFinish.Length => ChatFinishReason.Length,
            RequestFinish.ToolCalls => ChatFinishReason.ToolCalls,
            _ => ChatFinishReason.Stop,
        };
        update.AdditionalProperties[HybridUpdateKeys.Receipt] = receipt;
        update.Contents.Add(new UsageContent(Usage(receipt)));
        return update;
    }

    /// <summary>What was used over all attempts; the wasted tokens are part of the output and counted apart as well.</summary>
    private static UsageDetails Usage(RequestReceipt receipt) => new()
    {
        InputTokenCount = receipt.InputTokens,
        CachedInputTokenCount = receipt.CachedTokens,
        OutputTokenCount = receipt.OutputTokens,
        TotalTokenCount = (long)receipt.InputTokens + receipt.OutputTokens,
        AdditionalCounts = Counts(receipt),
    };

    /// <summary>What was wasted, and, where more than one attempt was made, what each target took.</summary>
    private static AdditionalPropertiesDictionary<long>? Counts(RequestReceipt receipt)
    {
        var counts = new AdditionalPropertiesDictionary<long>();
        if (receipt.WastedTokens > 0) counts["hybrid.wasted_tokens"] = receipt.WastedTokens;
        if (receipt.Segments.Count > 1)
        {
            foreach (var target in receipt.Segments.GroupBy(segment => segment.Target))
            {
                counts[$"hybrid.{target.Key}.input_tokens"] = target.Sum(segment => segment.InputTokens);
                counts[$"hybrid.{target.Key}.output_tokens"] = target.Sum(segment => segment.OutputTokens);
                counts[$"hybrid.{target.Key}.wasted_tokens"] = target.Sum(segment => segment.WastedTokens);
            }
        }

        return counts.Count > 0 ? counts : null;
    }
}
