using Hybrid.Accounting;
using Hybrid.Targets;

namespace Hybrid.Cli.Simulation;

/// <summary>What one target makes, or would make, of one request; all times in seconds from the start of the trace.</summary>
internal sealed record SimulatedAttempt
{
    public required int Target { get; init; }

    public required TargetDescriptor Descriptor { get; init; }

    public required double AskedAt { get; init; }

    /// <summary>Whether the target took it at all.</summary>
    public bool Reached { get; init; }

    /// <summary>When it gets a slot; after <see cref="EndAt"/> where it never did.</summary>
    public double ServedAt { get; init; }

    /// <summary>When the target is ready, where it was cold or loading.</summary>
    public double ReadyAt { get; init; }

    public double PrefillSeconds { get; init; }

    /// <summary>When the first token comes.</summary>
    /// <value>Null: never.</value>
    public double? FirstTokenAt { get; init; }

    public required double EndAt { get; init; }

    public int InputTokens { get; init; }

    /// <summary>Tokens decoded until the end.</summary>
    public int OutputTokens { get; init; }

    public bool Cold { get; init; }

    /// <summary>Whether this attempt woke it.</summary>
    public bool Woke { get; init; }

    public bool ReportsTimes { get; init; }

    public double GramsPerKilowattHour { get; init; }

    public RequestFinish Finish { get; init; }

    public HybridError? Error { get; init; }

    public bool Completed => Finish == RequestFinish.Stop;

    /// <summary>The receipt that the runtime would write, with the runtime's formulas; what is not reported is worked out as it does.</summary>
    public Receipt Receipt()
    {
        var began = FirstTokenAt is not null;
        var first = (FirstTokenAt ?? EndAt) - AskedAt;
        var waited = Math.Max(0, first - (Cold ? Descriptor.ColdStart.TotalSeconds : 0) - Descriptor.RoundTrip.TotalSeconds);
        var prefill = Seconds(!began ? 0 : ReportsTimes ? PrefillSeconds : waited);
        var decode = Seconds(EndAt - (FirstTokenAt ?? EndAt));
        var joules = CostModel.Joules(Descriptor, OutputTokens, prefill + decode);
        var input = began || SentInVain ? InputTokens : 0;
        return new()
        {
            Target = Descriptor.Name,
            Model = Descriptor.Model,
            Zone = Descriptor.Zone,
            Cold = Cold,
            InputTokens = input,
            OutputTokens = OutputTokens,
            TimeToFirstToken = began ? Seconds(first) : null,
            QueueTime = began && ReportsTimes ? Seconds(ServedAt - Math.Max(AskedAt, ReadyAt)) : TimeSpan.Zero,
            PrefillTime = prefill,
            PrefillReported = began && ReportsTimes,
            DecodeTime = decode,
            TotalTime = Seconds(EndAt - AskedAt),
            Dollars = CostModel.Dollars(Descriptor, input, 0, OutputTokens, prefill + decode) + (Woke ? CostModel.WakingDollars(Descriptor) : 0),
            Joules = joules,
            Grams = CostModel.Grams(joules, GramsPerKilowattHour),
            EmbodiedGrams = CostModel.EmbodiedGrams(Descriptor, prefill + decode),
            Finish = Finish,
            Error = Error,
        };
    }

    /// <summary>The loser of a race whose prefill had begun: its prompt is paid.</summary>
    private bool SentInVain => Finish == RequestFinish.Cancelled && ServedAt < EndAt;

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(Math.Max(0, seconds));
}
