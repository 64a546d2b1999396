using System.Numerics.Tensors;
using System.Security.Cryptography;
using Hybrid.Targets;

namespace Hybrid.Engines.Sampling;

/// <summary>Chooses the next token, in llama.cpp's order: penalties, top-k, top-p, min-p, temperature, draw. Holds its own seeded state.</summary>
/// <remarks>Not thread-safe. Nothing is allocated after construction. Equal logits: the lower id comes first.</remarks>
internal sealed class Sampler
{
    private readonly SamplingOptions _options;
    private readonly float[] _logits;
    private readonly int[] _ids;
    private readonly float[] _keys;
    private readonly int[] _recent;
    private readonly int[] _counts;
    private int _recentNext;
    private int _recentCount;
    private ulong _state;

    public Sampler(SamplingOptions options, int vocabularySize)
    {
        SamplingOptionsValidator.Validate(options);
        _options = options;
        var penalised = options.PenaltyWindow > 0 && (options.RepetitionPenalty != 1 || options.FrequencyPenalty != 0 || options.PresencePenalty != 0);
        var greedy = options.Temperature == 0;
        _recent = penalised ? new int[options.PenaltyWindow] : [];
        _counts = penalised ? new int[vocabularySize] : [];
        _logits = penalised || !greedy ? new float[vocabularySize] : [];
        _ids = greedy ? [] : new int[vocabularySize];
        _keys = greedy ? [] : new float[vocabularySize];
        Span<byte> drawn = stackalloc byte[8];
        RandomNumberGenerator.Fill(drawn);
        _state = options.Seed is { } seed ? (ulong)seed : BitConverter.ToUInt64(drawn);
    }

    /// <summary>The next token's id.</summary>
    public int Sample(ReadOnlySpan<float> logits)
    {
        if (_recent.Length > 0)
            logits = Penalise(logits);
        return _options.Temperature == 0 ? TensorPrimitives.IndexOfMax(logits) : Draw(logits);
    }

    /// <summary>Tells what was said, for the penalties.</summary>
    public void Accept(int token)
    {
        if (_recent.Length == 0)
            return;
        if (_recentCount == _recent.Length)
            _counts[_recent[_recentNext]]--;
        else
            _recentCount++;
        _recent[_recentNext] = token;
        _counts[token]++;
        _recentNext = (_recentNext + 1) % _recent.Length;
    }

    private Span<float> Penalise(ReadOnlySpan<float> logits)
    {
        logits.CopyTo(_logits);
        for (var i = 0; i < _recentCount; i++)
        {
            var token = _recent[i];
            var count = _counts[token];
            if (count <= 0)
                continue;
            var logit = _logits[token];
            logit = logit <= 0 ? logit * _options.RepetitionPenalty : logit / _options.RepetitionPenalty;
            _logits[token] = logit - (count * _options.FrequencyPenalty) - _options.PresencePenalty;
            _counts[token] = -count; // Each token once, however often it was said.
        }

        for (var i = 0; i < _recentCount; i++)
            _counts[_recent[i]] = Math.Abs(_counts[_recent[i]]);
        return _logits;
    }

    private int Draw(ReadOnlySpan<float> logits)
    {
        var count = Candidates(logits);
        var largest = _keys[0];
        float Weight(int i, float temperature) => MathF.Exp((_keys[i] - largest) / temperature);

        if (_options.TopP < 1)
        {
            var (sum, kept) = (0f, 0f);
            for (var i = 0; i < count; i++)
                sum += Weight(i, 1);
            for (var i = 0; i < count; i++)
            {
                kept += Weight(i, 1);
                if (kept < _options.TopP * sum)
                    continue;
                count = i + 1;
                break;
            }
        }

        if (_options.MinP > 0)
        {
            var least = largest + MathF.Log(_options.MinP);
            while (count > 1 && _keys[count - 1] < least)
                count--;
        }

        var total = 0f;
        for (var i = 0; i < count; i++)
            total += Weight(i, _options.Temperature);
        var left = (float)NextUnit() * total;
        for (var i = 0; i < count - 1; i++)
        {
            left -= Weight(i, _options.Temperature);
            if (left < 0)
                return _ids[i];
        }

        return _ids[count - 1];
    }

    /// <summary>The top-k logits in falling order; all of them where k is off.</summary>
    private int Candidates(ReadOnlySpan<float> logits)
    {
        var k = _options.TopK > 0 ? Math.Min(_options.TopK, logits.Length) : logits.Length;
        if (k > 256)
        {
            for (var i = 0; i < logits.Length; i++)
                (_keys[i], _ids[i]) = (-logits[i], i);
            _keys.AsSpan(0, logits.Length).Sort(_ids.AsSpan(0, logits.Length));
            TensorPrimitives.Negate(_keys.AsSpan(0, logits.Length), _keys);
            return k;
        }

        // Small k: one pass with an insertion into a short sorted list; nearly every logit fails the first comparison.
        var count = 0;
        for (var id = 0; id < logits.Length; id++)
        {
            var logit = logits[id];
            if (count == k && !(logit > _keys[k - 1]))
                continue;
            var at = count < k ? count++ : k - 1;
            for (; at > 0 && logit > _keys[at - 1]; at--)
                (_keys[at], _ids[at]) = (_keys[at - 1], _ids[at - 1]);
            (_keys[at], _ids[at]) = (logit, id);
        }

        return count;
    }

    /// <summary>SplitMix64 (Steele, Lea and Flood 2014): the same seed gives the same tokens on every platform.</summary>
    private double NextUnit()
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return ((z ^ (z >> 31)) >> 11) * (1.0 / (1UL << 53));
    }
}
