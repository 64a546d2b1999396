using Hybrid.Accounting.Predictors;
using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Accounting;

/// <summary>Learns how fast and how sure one target is from its receipts and forgets slowly.</summary>
/// <remarks>
/// Thread-safe; a snapshot is mostly a read. Everything starts from the descriptor and drifts back to it with a half-life: the time to
/// the first token as a line over the tokens to prefill, the time per token, the cold start, the share of a prompt that is cached, the
/// failures. How far measurements lay from what was predicted before them becomes the bands. An answer that did not end by itself tells
/// neither its queue nor its cached tokens: it teaches nothing about the first token.
/// </remarks>
public sealed class TargetPredictor
{
    private const int FullWeightTokens = 16;
    private const int LeastSpreadTokens = 8; // the pace of fewer is chance
    private const double LeastShareOfStated = 1e-3;

    private readonly Lock _lock = new();
    private readonly Forgetting _forgetting;
    private readonly TargetRates _stated;
    private readonly FirstTokenLine _firstToken;
    private readonly LearnedFigure _perToken; // seconds, as is the next
    private readonly LearnedFigure _coldStart;
    private readonly LearnedFigure _waitPerBusySlot;
    private readonly LearnedFigure _queueFactor;
    private readonly LearnedFigure _cachedShare;
    private readonly FailureRate _failures;
    private readonly RatioWindow _firstTokenRatios;
    private readonly RatioWindow _perTokenRatios;
    private volatile Reading _reading;
    private bool _learned;
    private int _answers;

    /// <summary>Starts from what the descriptor states.</summary>
    /// <param name="descriptor">Whose figures.</param>
    /// <param name="time">The clock of forgetting; null is the system's.</param>
    /// <param name="halfLife">How long until half of what was learned is forgotten; null is one hour.</param>
    public TargetPredictor(TargetDescriptor descriptor, TimeProvider? time = null, TimeSpan? halfLife = null)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        var half = halfLife ?? TimeSpan.FromHours(1);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(half, TimeSpan.Zero, nameof(halfLife));
        _forgetting = new(time ?? TimeProvider.System, half);
        _stated = TargetRates.Stated(descriptor);
        _firstToken = new(_stated.RoundTrip.TotalSeconds, 1 / _stated.PrefillTokensPerSecond, _forgetting);
        _perToken = new(1 / _stated.DecodeTokensPerSecond, statedEvidence: 0.25, bounded: true, _forgetting);
        _coldStart = new(_stated.ColdStart.TotalSeconds, statedEvidence: 0.25, bounded: true, _forgetting);
        _waitPerBusySlot = new(0, statedEvidence: 1, bounded: true, _forgetting);
        _queueFactor = new(1, statedEvidence: 1, bounded: true, _forgetting);
        _cachedShare = new(0, statedEvidence: 1, bounded: false, _forgetting);
        _failures = new(_forgetting);
        _firstTokenRatios = new(_forgetting);
        _perTokenRatios = new(_forgetting);
        _reading = new(_stated, _forgetting.Now);
    }

    /// <summary>What is known now.</summary>
    public TargetRates Snapshot()
    {
        var reading = _reading;
        if (_forgetting.Since(reading.At) < _forgetting.Grain)
            return reading.Rates;
        lock (_lock)
            return Read();
    }

    /// <summary>Learns from an attempt.</summary>
    public void Observe(Receipt receipt) => Observe(receipt, null, null);

    /// <summary>Learns from an attempt.</summary>
    /// <param name="receipt">What it took.</param>
    /// <param name="profile">What the policy knew of the request, so that the band covers how well it knew; null: what the receipt says.</param>
    /// <param name="state">What the target was doing when the policy decided; null: nothing, and its queue is left out.</param>
    internal void Observe(Receipt receipt, RequestProfile? profile, TargetState? state)
    {
        ArgumentNullException.ThrowIfNull(receipt);
        lock (_lock)
        {
            var before = Now();
            _learned |= _failures.Observe(receipt);
            if (FailureRate.Answered(receipt) && receipt.TimeToFirstToken is { } firstToken)
                LearnFirstToken(receipt, firstToken.TotalSeconds, before, profile ?? new() { PromptTokens = receipt.InputTokens }, state);
            if (receipt.TokensPerSecond > 0)
                LearnPerToken(receipt, before);
            Read();
        }
    }

    private void LearnFirstToken(Receipt receipt, double firstToken, TargetRates before, in RequestProfile profile, TargetState? state)
    {
        _learned = true;
        _answers++;
        var prefilled = Math.Max(0, receipt.InputTokens - receipt.CachedTokens);
        var seconds = Math.Max(firstToken - receipt.QueueTime.TotalSeconds, Prediction.LeastSeconds);
        if (receipt.Cold)
        {
            _coldStart.Learn(Math.Max(0, seconds - Seconds(before, prefilled)));
        }
        else
        {
            var (prefill, decode) = Prediction.ServiceSeconds(profile, before);
            var predicted = Prediction.StartSeconds(prefill, decode, state ?? TargetState.Warm, before);
            _firstTokenRatios.Add((state is null ? seconds : firstToken) / Math.Max(predicted, Prediction.LeastSeconds));
            if (state is not null)
                LearnQueue(receipt.QueueTime.TotalSeconds, before, prefill + decode, state);
            _firstToken.Learn(prefilled, seconds, receipt.PrefillReported ? receipt.PrefillTime.TotalSeconds : null);
        }

        if (receipt.InputTokens > 0)
            _cachedShare.Learn(Math.Clamp((double)receipt.CachedTokens / receipt.InputTokens, 0, 1));
    }

    private void LearnQueue(double queued, TargetRates before, double service, TargetState state)
    {
        var beside = Prediction.Beside(state);
        if (Prediction.QueueSeconds(state, service) is > 0 and var expected)
            _queueFactor.Learn(Math.Max(0, queued - (beside * before.WaitPerBusySlot.TotalSeconds)) / expected);
        else if (beside > 0)
            _waitPerBusySlot.Learn(queued / beside);
    }

    private void LearnPerToken(Receipt receipt, TargetRates before)
    {
        _learned = true;
        var seconds = 1 / receipt.TokensPerSecond;
        if (receipt.OutputTokens > LeastSpreadTokens)
            _perTokenRatios.Add(seconds * before.DecodeTokensPerSecond);
        _perToken.Learn(seconds, Math.Min(1, (receipt.OutputTokens - 1.0) / FullWeightTokens));
    }

    private static double Seconds(TargetRates rates, double prefilled) => rates.RoundTrip.TotalSeconds + (prefilled / rates.PrefillTokensPerSecond);

    private TargetRates Read()
    {
        var rates = Now();
        _reading = new(rates, _forgetting.Now);
        return rates;
    }

    private TargetRates Now()
    {
        if (!_learned)
            return _stated;
        var (roundTrip, perPromptToken) = _firstToken.Now;
        return new(
            1 / perPromptToken,
            Math.Min(1 / _perToken.Now, _stated.DecodeTokensPerSecond / LeastShareOfStated),
            Prediction.Span(roundTrip),
            Prediction.Span(_coldStart.Now),
            _answers)
        {
            FirstTokenSpread = _firstTokenRatios.Now,
            PerTokenSpread = _perTokenRatios.Now,
            QueueFactor = _queueFactor.Now,
            WaitPerBusySlot = Prediction.Span(_waitPerBusySlot.Now),
            CachedShare = _cachedShare.Now,
            FailureProbability = _failures.Now,
        };
    }

    /// <summary>What was known at a moment.</summary>
    private sealed record Reading(TargetRates Rates, long At);
}
