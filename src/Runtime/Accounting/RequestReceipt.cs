using System.Text.Json;
using System.Text.Json.Serialization;
using Hybrid.Json;
using Hybrid.Policy;
using Hybrid.Streaming;

namespace Hybrid.Accounting;

/// <summary>What one request took, over every target that was asked. Holds no text of the request.</summary>
public sealed record RequestReceipt
{
    /// <summary>The request's id in logs and on the wire.</summary>
    public required string Id { get; init; }

    /// <summary>Why these targets.</summary>
    public required Decision Decision { get; init; }

    /// <summary>Every attempt in order, the failed ones included.</summary>
    public required IReadOnlyList<Receipt> Segments { get; init; }

    /// <summary>Every move of the stream from one target to another, in order.</summary>
    public IReadOnlyList<Handover> Handovers { get; init; } = [];

    /// <summary>Standbys that were passed over, each with the reason.</summary>
    public IReadOnlyList<string> PassedOver { get; init; } = [];

    /// <summary>How the request ended.</summary>
    public RequestFinish Finish { get; init; }

    /// <summary>The kind of error that ended it.</summary>
    /// <value>Null: none.</value>
    public HybridError? Error { get; init; }

    /// <summary>When it was asked; where it was deferred, when its wait was over.</summary>
    public DateTimeOffset StartedAt { get; init; }

    /// <summary>How long it was made to wait for a better slot, before all other times here; in JSON, seconds. Why is in the decision.</summary>
    [JsonPropertyName("deferredForSeconds")]
    public TimeSpan DeferredFor => Decision.Deferral is { IsDeferred: true } deferral ? StartedAt - deferral.AskedAt : TimeSpan.Zero;

    /// <summary>From asking to the first delivered text, failed attempts included; in JSON, seconds.</summary>
    /// <value>Null: nothing was delivered.</value>
    [JsonPropertyName("timeToFirstTokenSeconds")]
    public TimeSpan? TimeToFirstToken { get; init; }

    /// <summary>From asking to the end; in JSON, seconds.</summary>
    [JsonPropertyName("totalTimeSeconds")]
    public TimeSpan TotalTime { get; init; }

    /// <summary>Prompt tokens over all attempts, repeated prefills included.</summary>
    public int InputTokens => Segments.Sum(segment => segment.InputTokens);

    /// <summary>Prompt tokens that needed no prefill, over all attempts.</summary>
    public int CachedTokens => Segments.Sum(segment => segment.CachedTokens);

    /// <summary>Tokens decoded over all attempts, the wasted ones included.</summary>
    public int OutputTokens => Segments.Sum(segment => segment.OutputTokens);

    /// <summary>Tokens decoded whose text was never delivered.</summary>
    public int WastedTokens => Segments.Sum(segment => segment.WastedTokens);

    /// <summary>How often another target had to go on after a fault.</summary>
    public int Failovers => Handovers.Count(handover => handover.Reason == HandoverReason.Fault);

    /// <summary>Price in dollars.</summary>
    public double Dollars => Segments.Sum(segment => segment.Dollars);

    /// <summary>Energy in joules.</summary>
    public double Joules => Segments.Sum(segment => segment.Joules);

    /// <summary>Operational emission in grams CO2e (E·I).</summary>
    public double Grams => Segments.Sum(segment => segment.Grams);

    /// <summary>E·I + M, the request's SCI of ISO/IEC 21031, in grams CO2e.</summary>
    public double SciGrams => Segments.Sum(segment => segment.Grams + segment.EmbodiedGrams);

    /// <summary>The receipt as one line of JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, HybridJson.Default.RequestReceipt);

    /// <summary>Writes the receipt as one JSON object.</summary>
    public void WriteTo(Utf8JsonWriter writer) => JsonSerializer.Serialize(writer, this, HybridJson.Default.RequestReceipt);
}
