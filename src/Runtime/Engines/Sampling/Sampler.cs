using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Hybrid.Targets;

namespace Hybrid.Engines.Sampling;

/// <summary>Chooses the next token, in llama.cpp's order: penalties, top-k, top-p, min-p, temperature, draw. Holds its own seeded state.</summary>
/// <remarks>
/// Not thread-safe. A token costs no allocation. Equal logits: the lower id comes first. A constraint is asked about the token
/// that was chosen freely, and only where it forbids that one are the logits masked and the choice made again: the allowed
/// tokens keep their shares, at the price of one look for nearly every token. The random numbers of a token depend on the seed and
/// its place in the answer alone, so that an answer can go on elsewhere as it would have here.
/// </remarks>
internal sealed class Sampler
{
    private const int UsualWindow = 1024;
    private const ulong Step = 0x9E3779B97F4A7C15;
    private const ulong SecondChoice = 0x6A09E667F3BCC909; // any fixed bits: they part the second numbers from the first
    private readonly SamplingOptions _options;
    private readonly ITokenConstraint? _constraint;
    private readonly Candidates? _candidates;
    private readonly int[] _recent;
    private readonly Dictionary<int, int> _counts;
    private int _recentNext;
    private int _recentCount;
    private ulong _state;

    public Sampler(SamplingOptions options, int vocabularySize, ITokenConstraint? constraint = null)
    {
        SamplingOptionsValidator.Validate(options);
        (_options, _constraint) = (options, constraint);
        var penalised = options.PenaltyWindow > 0 && (options.RepetitionPenalty != 1 || options.FrequencyPenalty != 0 || options.PresencePenalty != 0);
        _recent = penalised ? new int[options.PenaltyWindow] : [];
        _counts = new(penalised ? Math.Min(options.PenaltyWindow, UsualWindow) : 0);
        var cuts = options.TopK > 0 || options.TopP < 1 || options.MinP > 0;
        _candidates = options.Temperature > 0 && cuts ? new(options, vocabularySize) : null;
        Span<byte> drawn = stackalloc byte[8];
        RandomNumberGenerator.Fill(drawn);
        _state = options.Seed is { } seed ? (ulong)seed : BitConverter.ToUInt64(drawn);
    }

    /// <summary>The next token's id.</summary>
    /// <param name="logits">Of the vocabulary; they serve as scratch, so that they mean nothing afterwards.</param>
    /// <exception cref="HybridException">The constraint allows none of the tokens (<see cref="HybridError.Internal"/>).</exception>
    public int Sample(Span<float> logits)
    {
        _state += Step;
        foreach (var (token, count) in _counts)
            logits[token] = Penalised(logits[token], count);
        var chosen = Choose(logits, _state);
        if (_constraint is null || _constraint.Allows(chosen))
            return chosen;
        _constraint.Mask(logits);
        chosen = Choose(logits, _state ^ SecondChoice);
        return !float.IsNegativeInfinity(logits[chosen])
            ? chosen
            : throw new HybridException(HybridError.Internal, "No token of the vocabulary fits what the output format allows next. What was delivered stands.");
    }

    /// <summary>Passes over the random numbers of tokens that were sampled elsewhere with the same seed.</summary>
    public void Skip(int tokens) => _state += (ulong)tokens * Step;

    /// <summary>Goes on behind a token of the answer.</summary>
    public void Accept(int token)
    {
        _constraint?.Accept(token);
        Remember(token);
    }

    /// <summary>Tells what was said, by whomever, for the penalties.</summary>
    public void Remember(int token)
    {
        if (_recent.Length == 0)
            return;
        if (_recentCount == _recent.Length)
            Forget(_recent[_recentNext]);
        else
            _recentCount++;
        _recent[_recentNext] = token;
        _counts[token] = _counts.GetValueOrDefault(token) + 1;
        _recentNext = (_recentNext + 1) % _recent.Length;
    }

    private void Forget(int token)
    {
        if (--CollectionsMarshal.GetValueRefOrNullRef(_counts, token) == 0)
            _counts.Remove(token);
    }

    private float Penalised(float logit, int count)
    {
        logit = logit <= 0 ? logit * _options.RepetitionPenalty : logit / _options.RepetitionPenalty;
        return logit - (count * _options.FrequencyPenalty) - _options.PresencePenalty;
    }

    private int Choose(ReadOnlySpan<float> logits, ulong state)
    {
        if (_options.Temperature == 0)
            return LogitScan.IndexOfMax(logits);
        return _candidates is null ? DrawFromAll(logits, Unit(state)) : DrawFromCandidates(_candidates, logits, Unit(state));
    }

    private int DrawFromCandidates(Candidates candidates, ReadOnlySpan<float> logits, double unit)
    {
        candidates.Collect(logits);
        var weights = candidates.Weights(_options.Temperature);
        var left = (float)unit * TensorPrimitives.Sum(weights);
        for (var i = 0; i < weights.Length - 1; i++)
        {
            left -= weights[i];
            if (left < 0)
                return candidates.Ids[i];
        }

        return candidates.Ids[^1];
    }

    private int DrawFromAll(ReadOnlySpan<float> logits, double unit)
    {
        var largest = logits[LogitScan.IndexOfMax(logits)];
        var sum = LogitWeights.Sum(logits, largest, _options.Temperature);
        return LogitWeights.Find(unit * sum, logits, largest, _options.Temperature);
    }

    /// <summary>A number from 0 to 1 by SplitMix64 (Steele, Lea and Flood 2014): the same seed gives the same draws on every platform.</summary>
    private static double Unit(ulong state)
    {
        var z = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return ((z ^ (z >> 31)) >> 11) * (1.0 / (1UL << 53));
    }
}
