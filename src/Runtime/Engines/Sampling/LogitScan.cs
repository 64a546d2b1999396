using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Hybrid.Engines.Sampling;

/// <summary>Passes over all logits, several at a time. Equal logits: the lower id comes first.</summary>
internal static class LogitScan
{
    private const int Width = 4 * 8; // four vectors hide the latency of a maximum
    private const int Block = 8 * Width;

    /// <summary>The id of the largest logit; 0 where there is none but negative infinity.</summary>
    public static int IndexOfMax(ReadOnlySpan<float> logits)
    {
        // The largest of each block first, and only in the best block its place.
        var (best, bestAt) = (float.NegativeInfinity, 0);
        var at = 0;
        for (; at + Block <= logits.Length; at += Block)
        {
            var largest = Largest(logits.Slice(at, Block));
            if (!Vector256.GreaterThanAny(largest, Vector256.Create(best)))
                continue;
            bestAt = at;
            for (var lane = 0; lane < Vector256<float>.Count; lane++)
                best = Math.Max(best, largest[lane]);
        }

        var end = Math.Min(bestAt + Block, logits.Length);
        while (bestAt < end - 1 && logits[bestAt] != best)
            bestAt++;
        for (; at < logits.Length; at++)
        {
            if (logits[at] > best)
                (best, bestAt) = (logits[at], at);
        }

        return best == float.NegativeInfinity ? 0 : bestAt;
    }

    /// <summary>Fills both spans with the largest logits in falling order; how many there are.</summary>
    /// <param name="logits">As many as the vocabulary has.</param>
    /// <param name="keys">Room for k logits, 1 or more.</param>
    /// <param name="ids">Room for as many ids.</param>
    public static int Top(ReadOnlySpan<float> logits, Span<float> keys, Span<int> ids)
    {
        var count = 0;
        var at = 0;
        for (; at < logits.Length && count < keys.Length; at++)
            Insert(logits[at], at, keys, ids, count++);

        // Nearly every logit is less than the last of the k.
        for (; at + Width <= logits.Length; at += Width)
        {
            if (!Vector256.GreaterThanAny(Largest(logits.Slice(at, Width)), Vector256.Create(keys[^1])))
                continue;
            for (var i = at; i < at + Width; i++)
            {
                if (logits[i] > keys[^1])
                    Insert(logits[i], i, keys, ids, keys.Length - 1);
            }
        }

        for (; at < logits.Length; at++)
        {
            if (logits[at] > keys[^1])
                Insert(logits[at], at, keys, ids, keys.Length - 1);
        }

        return count;
    }

    /// <summary>Counts the logits that are no less than a floor, and notes the ids of as many as there is room for.</summary>
    public static int AtLeast(float floor, ReadOnlySpan<float> logits, Span<int> ids)
    {
        var count = 0;
        var at = 0;
        for (; at + Width <= logits.Length; at += Width)
        {
            if (!Vector256.GreaterThanOrEqualAny(Largest(logits.Slice(at, Width)), Vector256.Create(floor)))
                continue;
            for (var i = at; i < at + Width; i++)
                Note(i, logits, ids);
        }

        for (; at < logits.Length; at++)
            Note(at, logits, ids);
        return count;

        void Note(int id, ReadOnlySpan<float> all, Span<int> found)
        {
            if (!(all[id] >= floor))
                return;
            if (count < found.Length)
                found[count] = id;
            count++;
        }
    }

    /// <summary>The largest of a multiple of <see cref="Width"/> logits, lane by lane.</summary>
    private static Vector256<float> Largest(ReadOnlySpan<float> logits)
    {
        var vectors = MemoryMarshal.Cast<float, Vector256<float>>(logits);
        var (a, b, c, d) = (vectors[0], vectors[1], vectors[2], vectors[3]);
        for (var i = 4; i + 3 < vectors.Length; i += 4)
        {
            a = Vector256.MaxNative(a, vectors[i]);
            b = Vector256.MaxNative(b, vectors[i + 1]);
            c = Vector256.MaxNative(c, vectors[i + 2]);
            d = Vector256.MaxNative(d, vectors[i + 3]);
        }

        return Vector256.MaxNative(Vector256.MaxNative(a, b), Vector256.MaxNative(c, d));
    }

    private static void Insert(float logit, int id, Span<float> keys, Span<int> ids, int at)
    {
        for (; at > 0 && logit > keys[at - 1]; at--)
            (keys[at], ids[at]) = (keys[at - 1], ids[at - 1]);
        (keys[at], ids[at]) = (logit, id);
    }
}
