using System.Diagnostics.Metrics;
using Hybrid.Streaming;

namespace Hybrid.Accounting;

/// <summary>The meter <c>Hybrid</c>: counts and latencies by target and policy, never text.</summary>
internal static class HybridMeter
{
    public const string Name = "Hybrid";

    private static readonly Meter Meter = new(Name);
    private static readonly Counter<long> Requests = Meter.CreateCounter<long>("hybrid.requests", "{request}", "Requests that ended, by policy and finish.");
    private static readonly Counter<long> Refusals = Meter.CreateCounter<long>("hybrid.refusals", "{request}", "Requests that no target was allowed to take, by policy.");
    private static readonly Counter<long> Failovers = Meter.CreateCounter<long>("hybrid.failovers", "{failover}", "Faults after which another target went on, by failed target and error.");
    private static readonly Counter<long> Handovers = Meter.CreateCounter<long>("hybrid.handovers", "{handover}", "Moves of a stream, failovers included, by the targets on both sides and the reason.");
    private static readonly Histogram<double> Gap = Meter.CreateHistogram<double>("hybrid.handover_gap", "s", "From the last text before a seam to the first behind it, by reason.");
    private static readonly UpDownCounter<int> NetworkDown = Meter.CreateUpDownCounter<int>("hybrid.network_down", "{client}", "Clients that take the network as down now.");
    private static readonly Counter<long> Tokens = Meter.CreateCounter<long>("hybrid.tokens", "{token}", "Tokens by target and kind: in, cached, out, wasted.");
    private static readonly Histogram<double> FirstToken = Meter.CreateHistogram<double>("hybrid.time_to_first_token", "s", "Time from asking a target to its first token.");
    private static readonly Histogram<double> PerToken = Meter.CreateHistogram<double>("hybrid.time_per_output_token", "s", "Time per token after the first.");
    private static readonly Counter<double> Dollars = Meter.CreateCounter<double>("hybrid.cost", "USD", "Price by target.");
    private static readonly Counter<double> Grams = Meter.CreateCounter<double>("hybrid.emissions", "g", "Grams CO2e by target.");

    private static readonly Counter<long> PreWarms = Meter.CreateCounter<long>("hybrid.prewarms", "{wake}", "Pools woken, or kept awake, ahead of requests, by target.");

    public static void Refused(string policy) => Refusals.Add(1, new KeyValuePair<string, object?>("policy", policy));

    public static void PreWarmed(string target, double dollars)
    {
        PreWarms.Add(1, new KeyValuePair<string, object?>("target", target));
        Dollars.Add(dollars, new KeyValuePair<string, object?>("target", target));
    }

    public static void NetworkLost() => NetworkDown.Add(1);

    public static void NetworkBack() => NetworkDown.Add(-1);

    public static void Settled(RequestReceipt receipt)
    {
        Requests.Add(1, new("policy", receipt.Decision.Policy), new KeyValuePair<string, object?>("finish", receipt.Finish.ToString()));
        foreach (var segment in receipt.Segments)
            Settled(segment);
        foreach (var handover in receipt.Handovers)
        {
            Handovers.Add(1, new("from", handover.From), new("to", handover.To), new KeyValuePair<string, object?>("reason", handover.Reason.ToString()));
            if (handover.Gap is { } gap) Gap.Record(gap.TotalSeconds, new KeyValuePair<string, object?>("reason", handover.Reason.ToString()));
            if (handover.Reason == HandoverReason.Fault)
                Failovers.Add(1, new("target", handover.From), new KeyValuePair<string, object?>("error", receipt.Segments.LastOrDefault(segment => segment.Target == handover.From && segment.Error is not null)?.Error?.ToString()));
        }
    }

    private static void Settled(Receipt segment)
    {
        var target = Target(segment);
        Count("in", segment.InputTokens);
        Count("cached", segment.CachedTokens);
        Count("out", segment.OutputTokens);
        Count("wasted", segment.WastedTokens);
        if (segment.TimeToFirstToken is { } first) FirstToken.Record(first.TotalSeconds, target);
        if (segment.TokensPerSecond > 0) PerToken.Record(1 / segment.TokensPerSecond, target);
        Dollars.Add(segment.Dollars, target);
        Grams.Add(segment.Grams, target);

        void Count(string kind, int tokens)
        {
            if (tokens > 0) Tokens.Add(tokens, target, new KeyValuePair<string, object?>("kind", kind));
        }
    }

    private static KeyValuePair<string, object?> Target(Receipt segment) => new("target", segment.Target);
}
