using System.Numerics;

namespace Hybrid.Engines.LlamaCpp.Batching;

/// <summary>How many prompt tokens a step may prefill, so that running streams wait no longer than they are used to.</summary>
internal sealed class PrefillBudget(int largest)
{
    private const int Least = 8;

    // A tile's tokens are several times as fast on a long prompt as fewer would be: worth some patience.
    private const int Tile = TilePadding.Tile;
    private const double PatienceForTile = 1.5;
    private const double Forgetting = 0.3;

    // Seconds per token by the power of two that the step's size belongs to: small steps use the machine less well.
    private readonly double[] _secondsPerToken = new double[BitOperations.Log2((uint)largest) + 1];

    /// <summary>Takes in how long a prefill step took.</summary>
    public void Observe(int tokens, double seconds)
    {
        ref var known = ref _secondsPerToken[BitOperations.Log2((uint)tokens)];
        known = known == 0 ? seconds / tokens : known + (Forgetting * ((seconds / tokens) - known));
        // A token of a larger step is no dearer; what says otherwise was learned at the end of some long prompt.
        for (var larger = BitOperations.Log2((uint)tokens) + 1; larger < _secondsPerToken.Length; larger++)
            _secondsPerToken[larger] = Math.Min(_secondsPerToken[larger], known);
    }

    /// <summary>The most tokens that take no longer than this; the largest step where nobody waits.</summary>
    /// <param name="seconds">Time that may pass, or infinity.</param>
    public int TokensWithin(double seconds)
    {
        if (double.IsPositiveInfinity(seconds))
            return largest;
        var size = largest;
        while (size > Least && size * SecondsPerToken(size) > seconds * (size == Tile ? PatienceForTile : 1))
            size = Math.Max(size > Tile ? Tile : Least, size * 3 / 4);
        return Math.Min(size, largest);
    }

    /// <summary>Of the nearest size that is known, smaller ones first; the unknown is tried small.</summary>
    private double SecondsPerToken(int size)
    {
        var bucket = BitOperations.Log2((uint)size);
        for (var i = bucket; i >= 0; i--)
        {
            if (_secondsPerToken[i] > 0)
                return _secondsPerToken[i];
        }

        for (var i = bucket; i < _secondsPerToken.Length; i++)
        {
            if (_secondsPerToken[i] > 0)
                return 2 * _secondsPerToken[i]; // from a larger step, whose tokens are cheaper
        }

        return double.PositiveInfinity;
    }
}
