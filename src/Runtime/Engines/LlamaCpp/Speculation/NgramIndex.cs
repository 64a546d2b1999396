using System.Numerics;

namespace Hybrid.Engines.LlamaCpp.Speculation;

/// <summary>Guesses what comes next from where the last tokens stood before, in the prompt or in the answer.</summary>
/// <remarks>
/// Prompt-lookup decoding (Saxena 2023). Each guess is also compared with the token that really came, so that how often it is
/// right is known without verifying a single draft.
/// </remarks>
internal sealed class NgramIndex
{
    private const int Length = 3;
    private const int LargestTable = 1 << 16;
    private const double Forgetting = 0.08;
    private const double FirstRate = 0.5;
    private const int Nowhere = 0;

    // Where the token after these three stood last, by their hash; of two that collide the later one stays.
    private readonly int[] _next;
    private int _indexed = Length - 1;
    private int _source = Nowhere;

    /// <param name="longest">Tokens that the history can come to have.</param>
    public NgramIndex(int longest) =>
        _next = new int[Math.Min(LargestTable, (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(longest, 128)) * 2)];

    /// <summary>The share of guesses that were right, lately; 0 to 1.</summary>
    public double HitRate { get; private set; } = FirstRate;

    /// <summary>Takes in the newest tokens.</summary>
    /// <param name="history">Prompt and answer so far; those taken in before are the same.</param>
    public void Extend(ReadOnlySpan<int> history)
    {
        for (; _indexed < history.Length; _indexed++)
        {
            if (_source != Nowhere)
            {
                var right = history[_source] == history[_indexed];
                HitRate += Forgetting * ((right ? 1 : 0) - HitRate);
                // A guess that was right is followed on; after a wrong one the new ending is looked up.
                _source = right ? _source + 1 : Nowhere;
            }

            var ending = history.Slice(_indexed - Length + 1, Length);
            ref var next = ref _next[Hash(ending) & (_next.Length - 1)];
            if (_source == Nowhere && next != Nowhere && history.Slice(next - Length, Length).SequenceEqual(ending))
                _source = next;
            next = _indexed + 1;
        }
    }

    /// <summary>Writes the tokens that followed last time; how many, 0 where this ending is new.</summary>
    /// <param name="history">As taken in.</param>
    /// <param name="drafts">Filled whole, or not at all: what repeats itself is continued as a repetition.</param>
    public int Guess(ReadOnlySpan<int> history, Span<int> drafts)
    {
        if (_source == Nowhere)
            return 0;
        for (var i = 0; i < drafts.Length; i++)
            drafts[i] = _source + i < history.Length ? history[_source + i] : drafts[_source + i - history.Length];
        return drafts.Length;
    }

    private static int Hash(ReadOnlySpan<int> ending)
    {
        var hash = ((((uint)ending[0] * 0x9E3779B1) + (uint)ending[1]) * 0x85EBCA77) + (uint)ending[2];
        return (int)((hash * 0xC2B2AE3D) >> 15);
    }
}
