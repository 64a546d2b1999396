using System.Numerics.Tensors;
using Hybrid.Targets;

namespace Hybrid.Engines.Sampling;

/// <summary>Scores tokens by the logits that they came from. For one thread; used only where scores are asked for.</summary>
/// <param name="bytes">What a token adds to an answer.</param>
internal sealed class TokenScorer(Func<int, byte[]> bytes)
{
    private const int MostAlternatives = 20;
    private const int Piece = 512;
    private const float Nothing = -80; // e^-80 adds nothing, and unlike negative infinity it can be multiplied by zero
    private float[] _logits = [];
    private int _count;

    /// <exception cref="HybridException">More or fewer alternatives than can be named (<see cref="HybridError.InvalidRequest"/>).</exception>
    public static int Checked(int alternatives) => alternatives is >= 0 and <= MostAlternatives
        ? alternatives
        : throw new HybridException(HybridError.InvalidRequest, $"LogProbabilities is {alternatives}; use 0 to {MostAlternatives}. Nothing was decoded.");

    /// <summary>Keeps the logits before a sampler spoils them.</summary>
    public void Keep(ReadOnlySpan<float> logits)
    {
        if (_logits.Length < logits.Length)
            _logits = new float[logits.Length];
        logits.CopyTo(_logits);
        _count = logits.Length;
    }

    /// <summary>Scores the token that was chosen from them.</summary>
    /// <param name="token">The token.</param>
    /// <param name="alternatives">How many others to name, 0 or more.</param>
    public TokenScore Score(int token, int alternatives)
    {
        ReadOnlySpan<float> logits = _logits.AsSpan(0, _count);
        var room = Math.Min(Math.Max(alternatives, 2), _count);
        Span<float> keys = stackalloc float[room];
        Span<int> ids = stackalloc int[room];
        LogitScan.Top(logits, keys, ids);
        var (sum, moment) = Moments(logits, keys[0]);
        var log = Math.Log(sum);
        var named = new TokenAlternative[Math.Min(alternatives, room)];
        for (var i = 0; i < named.Length; i++)
            named[i] = new(ids[i], bytes(ids[i]), (float)(keys[i] - keys[0] - log));
        return new(token, bytes(token), (float)(logits[token] - keys[0] - log))
        {
            // -sum(p ln p) with p = w / sum and ln p = (x - largest) - ln sum.
            Entropy = (float)Math.Max(0, log - (moment / sum)),
            Margin = room < 2 ? 1 : (float)((1 - Math.Exp(keys[1] - keys[0])) / sum),
            Alternatives = named,
        };
    }

    /// <summary>The sum of the weights e^(x - largest), and the sum of the weights times their exponents.</summary>
    private static (double Sum, double Moment) Moments(ReadOnlySpan<float> logits, float largest)
    {
        Span<float> exponents = stackalloc float[Piece];
        Span<float> weights = stackalloc float[Piece];
        var (sum, moment) = (0.0, 0.0);
        for (var at = 0; at < logits.Length; at += Piece)
        {
            var count = Math.Min(Piece, logits.Length - at);
            TensorPrimitives.Subtract(logits.Slice(at, count), largest, exponents);
            TensorPrimitives.Max(exponents[..count], Nothing, exponents);
            TensorPrimitives.Exp(exponents[..count], weights);
            sum += TensorPrimitives.Sum<float>(weights[..count]);
            moment += TensorPrimitives.Dot<float>(weights[..count], exponents[..count]);
        }

        return (sum, moment);
    }
}
