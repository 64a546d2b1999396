using Hybrid.Accounting;
using Hybrid.Targets;

namespace Hybrid.Streaming;

/// <content>What it took.</content>
internal sealed partial class Attempt
{
    /// <summary>From asking to the first token; null before.</summary>
    public TimeSpan? TimeToFirstToken => _firstToken;

    /// <summary>The speed of a stream is that of about so many tokens: another that starts on the same machine slows it at once.</summary>
    private const int RecentTokens = 32;

    /// <summary>Seconds per token, the recent ones weighing most; as stated while fewer than three came.</summary>
    public double SecondsPerToken => _tokens > 2 && _recentSeconds > 0 ? _recentSeconds : 1 / _terms.Seen.Rates.DecodeTokensPerSecond;

    /// <summary>What it took so far, about.</summary>
    public (double Dollars, double Grams) Taken
    {
        get
        {
            var busy = _firstToken is { } first ? _time.GetElapsedTime(_start) - first : TimeSpan.Zero;
            var dollars = _terms.Seen.PriceFactor * CostModel.Dollars(_descriptor, _firstToken is null ? 0 : _terms.InputTokens, 0, _tokens, busy);
            return (dollars, CostModel.Grams(CostModel.Joules(_descriptor, _tokens, busy), _terms.Seen.GramsPerKilowattHour));
        }
    }

    private Receipt Receipt(RequestFinish finish, HybridException? fault)
    {
        var total = _time.GetElapsedTime(_start);
        var began = _firstToken is not null || _completion is not null;
        var hedged = Trace?.WastedOutputTokens ?? 0;
        var output = Math.Max(_completion?.OutputTokens ?? 0, _tokens) + hedged;
        var input = (_completion is { PromptTokens: > 0 } known ? known.PromptTokens : began ? _terms.InputTokens : 0) + (Trace?.WastedInputTokens ?? 0);
        var cached = _completion?.CachedTokens ?? 0;
        var queue = _completion?.QueueTime ?? TimeSpan.Zero;
        var reported = _completion is { PrefillTime.Ticks: > 0 };
        var waited = (_firstToken ?? (began ? total : TimeSpan.Zero)) - queue - (_cold ? _descriptor.ColdStart : TimeSpan.Zero) - _descriptor.RoundTrip;
        var prefill = reported ? _completion!.PrefillTime : waited > TimeSpan.Zero ? waited : TimeSpan.Zero;
        var decode = _completion is { DecodeTime.Ticks: > 0 } ? _completion.DecodeTime : _firstToken is { } first ? _lastToken - first : TimeSpan.Zero;
        var measured = _energy?.End() * _descriptor.PowerUsageEffectiveness;
        var joules = measured ?? CostModel.Joules(_descriptor, output, prefill + decode);
        return new Receipt
        {
            Target = _descriptor.Name,
            Model = Model,
            Zone = _descriptor.Zone,
            Replica = Trace?.Replica,
            Retries = Trace?.Retries ?? 0,
            Cold = _cold,
            InputTokens = input,
            CachedTokens = cached,
            OutputTokens = output,
            WastedTokens = Math.Min(output, _discarded + hedged + (_completion is null ? output - hedged - _left : 0)),
            TimeToFirstToken = _firstToken,
            QueueTime = queue,
            PrefillTime = prefill,
            PrefillReported = reported,
            DecodeTime = decode,
            TotalTime = total,
            Dollars = _terms.Seen.PriceFactor * (CostModel.Dollars(_descriptor, input, cached, output, prefill + decode) + (_woke ? CostModel.WakingDollars(_descriptor) : 0)),
            Joules = joules,
            JoulesMeasured = measured is not null,
            Grams = CostModel.Grams(joules, _terms.Seen.GramsPerKilowattHour),
            EmbodiedGrams = CostModel.EmbodiedGrams(_descriptor, prefill + decode),
            Finish = finish,
            Error = fault?.Error,
            ErrorMessage = fault?.Message,
            NetworkLost = _cut is not null,
        };
    }
}
