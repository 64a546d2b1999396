using Hybrid.Targets;

namespace Hybrid.Accounting;

/// <summary>Learns how fast one target is from its receipts and forgets slowly.</summary>
/// <remarks>
/// Thread-safe. Each figure is an exponentially weighted mean that starts from the descriptor; a new answer weighs
/// 0.2, less where it holds fewer than 16 tokens, and what was learned drifts back to the stated figure with a half-life.
/// </remarks>
public sealed class TargetPredictor
{
    private const double Weight = 0.2;
    private const int FullWeightTokens = 16;

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly double _halfLifeSeconds;
    private readonly TargetRates _stated;
    private double _prefill; // seconds per token, as are the next
    private double _decode;
    private double _roundTrip; // seconds
    private double _coldStart;
    private int _observations;
    private long _learnedAt;

    /// <summary>Starts from what the descriptor states.</summary>
    /// <param name="descriptor">Whose figures.</param>
    /// <param name="time">The clock of forgetting; null is the system's.</param>
    /// <param name="halfLife">How long until half of what was learned is forgotten; null is one hour.</param>
    public TargetPredictor(TargetDescriptor descriptor, TimeProvider? time = null, TimeSpan? halfLife = null)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        _time = time ?? TimeProvider.System;
        _halfLifeSeconds = (halfLife ?? TimeSpan.FromHours(1)).TotalSeconds;
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(_halfLifeSeconds, nameof(halfLife));
        _stated = TargetRates.Stated(descriptor);
        (_prefill, _decode, _roundTrip, _coldStart) = Start();
        _learnedAt = _time.GetTimestamp();
    }

    /// <summary>What is known now.</summary>
    public TargetRates Snapshot()
    {
        lock (_lock)
        {
            if (_observations == 0) return _stated;
            var kept = Kept();
            var stated = Start();
            return new(
                1 / Relax(_prefill, stated.Prefill, kept),
                1 / Relax(_decode, stated.Decode, kept),
                TimeSpan.FromSeconds(Relax(_roundTrip, stated.RoundTrip, kept)),
                TimeSpan.FromSeconds(Relax(_coldStart, stated.ColdStart, kept)),
                _observations);
        }
    }

    /// <summary>Learns from an attempt; one without a first token teaches nothing.</summary>
    public void Observe(Receipt receipt)
    {
        ArgumentNullException.ThrowIfNull(receipt);
        if (receipt.TimeToFirstToken is not { } firstToken) return;
        lock (_lock)
        {
            Forget();
            var prefilled = receipt.InputTokens - receipt.CachedTokens;
            if (receipt.PrefillReported && prefilled > 0)
                _prefill = Learn(_prefill, receipt.PrefillTime.TotalSeconds / prefilled, prefilled);
            if (receipt.TokensPerSecond > 0)
                _decode = Learn(_decode, 1 / receipt.TokensPerSecond, receipt.OutputTokens - 1);

            var prefill = receipt.PrefillReported ? receipt.PrefillTime.TotalSeconds : Math.Max(prefilled, 0) * _prefill;
            var rest = Math.Max(0, firstToken.TotalSeconds - receipt.QueueTime.TotalSeconds - prefill);
            if (receipt.Cold)
                _coldStart = Learn(_coldStart, Math.Max(0, rest - _roundTrip), FullWeightTokens);
            else
                _roundTrip = Learn(_roundTrip, rest, FullWeightTokens);
            _observations++;
        }
    }

    private static double Learn(double known, double seen, int tokens) =>
        known + ((seen - known) * Weight * Math.Min(1, (double)tokens / FullWeightTokens));

    private static double Relax(double learned, double stated, double kept) => stated + ((learned - stated) * kept);

    private (double Prefill, double Decode, double RoundTrip, double ColdStart) Start() =>
        (1 / _stated.PrefillTokensPerSecond, 1 / _stated.DecodeTokensPerSecond, _stated.RoundTrip.TotalSeconds, _stated.ColdStart.TotalSeconds);

    private double Kept() => Math.Pow(0.5, _time.GetElapsedTime(_learnedAt).TotalSeconds / _halfLifeSeconds);

    private void Forget()
    {
        var kept = Kept();
        var stated = Start();
        _prefill = Relax(_prefill, stated.Prefill, kept);
        _decode = Relax(_decode, stated.Decode, kept);
        _roundTrip = Relax(_roundTrip, stated.RoundTrip, kept);
        _coldStart = Relax(_coldStart, stated.ColdStart, kept);
        _learnedAt = _time.GetTimestamp();
    }
}
