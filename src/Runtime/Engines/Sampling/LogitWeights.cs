using System.Numerics.Tensors;

namespace Hybrid.Engines.Sampling;

/// <summary>What logits weigh in the softmax, relative to the largest; piece by piece, so that no copy of all of them is needed.</summary>
internal static class LogitWeights
{
    private const int Piece = 512;

    /// <summary>The sum of all weights.</summary>
    public static double Sum(ReadOnlySpan<float> logits, float largest, float temperature = 1)
    {
        Span<float> piece = stackalloc float[Piece];
        var sum = 0.0;
        for (var at = 0; at < logits.Length; at += Piece)
            sum += TensorPrimitives.Sum<float>(Of(logits, at, largest, temperature, piece));
        return sum;
    }

    /// <summary>The first id up to which the weights sum to more than so much.</summary>
    public static int Find(double share, ReadOnlySpan<float> logits, float largest, float temperature)
    {
        Span<float> piece = stackalloc float[Piece];
        var last = 0;
        for (var at = 0; at < logits.Length; at += Piece)
        {
            var weights = Of(logits, at, largest, temperature, piece);
            var sum = TensorPrimitives.Sum<float>(weights);
            if (share >= sum && at + Piece < logits.Length)
            {
                share -= sum;
                continue;
            }

            for (var i = 0; i < weights.Length; i++)
            {
                if (weights[i] == 0)
                    continue;
                last = at + i; // where rounding leaves a rest, the last that can be drawn
                share -= weights[i];
                if (share < 0)
                    return last;
            }
        }

        return last;
    }

    /// <summary>Weights of logits that are given as such.</summary>
    public static void Of(ReadOnlySpan<float> logits, float largest, float temperature, Span<float> weights)
    {
        TensorPrimitives.Subtract(logits, largest, weights);
        if (temperature != 1)
            TensorPrimitives.Divide(weights, temperature, weights);
        TensorPrimitives.Exp(weights, weights);
    }

    private static Span<float> Of(ReadOnlySpan<float> logits, int at, float largest, float temperature, Span<float> piece)
    {
        var part = piece[..Math.Min(Piece, logits.Length - at)];
        Of(logits.Slice(at, part.Length), largest, temperature, part);
        return part;
    }
}
