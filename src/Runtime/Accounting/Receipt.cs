using System.Text.Json.Serialization;
using Hybrid.Accounting.Budgets;
using Hybrid.Targets;

namespace Hybrid.Accounting;

/// <summary>What one attempt on one target took: measured where the target reported it, else worked out from the descriptor.</summary>
public sealed record Receipt
{
    /// <summary>The target's name.</summary>
    public required string Target { get; init; }

    /// <summary>The model that decoded.</summary>
    public required string Model { get; init; }

    /// <summary>Where the data went.</summary>
    public required Zone Zone { get; init; }

    /// <summary>The replica of the pool that answered, or was asked last, by its name in the configuration.</summary>
    /// <value>Null: the target has no replicas, or none was asked.</value>
    public string? Replica { get; init; }

    /// <summary>Replicas that the pool asked besides: retries before anything came, and hedges. What hedges took is in the tokens here.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Retries { get; init; }

    /// <summary>Whether the target was cold or loading when it was asked.</summary>
    public bool Cold { get; init; }

    /// <summary>Prompt tokens, the continuation included; estimated where the attempt failed after its first token, 0 where it failed before.</summary>
    public int InputTokens { get; init; }

    /// <summary>Prompt tokens that needed no prefill.</summary>
    public int CachedTokens { get; init; }

    /// <summary>Tokens decoded, the wasted ones included.</summary>
    public int OutputTokens { get; init; }

    /// <summary>Tokens decoded whose text was never delivered.</summary>
    public int WastedTokens { get; init; }

    /// <summary>From asking to the first token; in JSON, seconds.</summary>
    /// <value>Null: no token came.</value>
    [JsonPropertyName("timeToFirstTokenSeconds")]
    public TimeSpan? TimeToFirstToken { get; init; }

    /// <summary>Time in the target's queue, as it reported; in JSON, seconds.</summary>
    [JsonPropertyName("queueTimeSeconds")]
    public TimeSpan QueueTime { get; init; }

    /// <summary>Time of prefill, as reported, else worked out; in JSON, seconds.</summary>
    [JsonPropertyName("prefillTimeSeconds")]
    public TimeSpan PrefillTime { get; init; }

    /// <summary>Whether the target itself reported its prefill time.</summary>
    public bool PrefillReported { get; init; }

    /// <summary>From the first token to the last; in JSON, seconds.</summary>
    [JsonPropertyName("decodeTimeSeconds")]
    public TimeSpan DecodeTime { get; init; }

    /// <summary>From asking to the end; in JSON, seconds.</summary>
    [JsonPropertyName("totalTimeSeconds")]
    public TimeSpan TotalTime { get; init; }

    /// <summary>Tokens per second after the first; 0 where fewer than two came.</summary>
    public double TokensPerSecond => OutputTokens > 1 && DecodeTime > TimeSpan.Zero ? (OutputTokens - 1) / DecodeTime.TotalSeconds : 0;

    /// <summary>Price in dollars.</summary>
    public double Dollars { get; init; }

    /// <summary>Energy in joules.</summary>
    public double Joules { get; init; }

    /// <summary>Whether the machine's own meter told the energy; else it is the descriptor's or a model's.</summary>
    public bool JoulesMeasured { get; init; }

    /// <summary>Operational emission in grams CO2e (E·I).</summary>
    public double Grams { get; init; }

    /// <summary>The busy time's share of making the hardware in grams CO2e (M).</summary>
    public double EmbodiedGrams { get; init; }

    /// <summary>What was set aside of the budgets before it was sent.</summary>
    /// <value>Null: nothing, since no budget applies or the target costs nothing that is limited.</value>
    public ReservedBudget? Reserved { get; init; }

    /// <summary>How the attempt ended.</summary>
    public RequestFinish Finish { get; init; }

    /// <summary>The kind of fault.</summary>
    /// <value>Null: none.</value>
    public HybridError? Error { get; init; }

    /// <summary>The fault's message.</summary>
    /// <value>Null: none.</value>
    public string? ErrorMessage { get; init; }

    /// <summary>Whether it ended because the network went down, which says nothing about the target; in JSON only where true.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool NetworkLost { get; init; }
}

/// <summary>How an attempt or a request ended.</summary>
public enum RequestFinish
{
    /// <summary>The model ended its turn, or a stop string came.</summary>
    Stop,

    /// <summary>The token limit or the context was reached.</summary>
    Length,

    /// <summary>A fault; the receipt names it.</summary>
    Failed,

    /// <summary>The caller cancelled or stopped reading.</summary>
    Cancelled,

    /// <summary>The deadline passed.</summary>
    DeadlineExceeded,

    /// <summary>The model ended its turn with tool calls.</summary>
    ToolCalls,

    /// <summary>Another target went on: a handover without a fault, or the end of a race.</summary>
    Superseded,
}
