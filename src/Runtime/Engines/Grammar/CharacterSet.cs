namespace Hybrid.Engines.Grammar;

/// <summary>Code points, one of which stands at a place of a grammar.</summary>
internal sealed class CharacterSet
{
    public const int Last = 0x10FFFF;
    private readonly (int First, int Last)[] _ranges;
    private readonly UInt128 _ascii;

    /// <param name="ranges">In any order; they may overlap.</param>
    /// <param name="isNegated">Whether it is all others.</param>
    public CharacterSet(IEnumerable<(int First, int Last)> ranges, bool isNegated = false)
    {
        var joined = Join(ranges);
        _ranges = isNegated ? [.. Others(joined)] : [.. joined];
        for (var character = 0; character < 128; character++)
            _ascii |= Search(character) ? UInt128.One << character : 0;
    }

    public bool IsEmpty => _ranges.Length == 0;

    /// <summary>In rising order, with gaps between them.</summary>
    public IReadOnlyList<(int First, int Last)> Ranges => _ranges;

    /// <summary>Whether all beyond ASCII is in it, or nothing of that.</summary>
    public bool TreatsWideAlike => IsEmpty || _ranges[^1].Last < 128 || (_ranges[^1].First <= 128 && _ranges[^1].Last == Last);

    public bool Contains(int character) => character < 128 ? ((_ascii >> character) & 1) != 0 : Search(character);

    /// <summary>Whether any of these is in it.</summary>
    public bool Overlaps(int first, int last) => Array.Exists(_ranges, range => range.First <= last && first <= range.Last);

    /// <summary>What is left without these.</summary>
    public IEnumerable<(int First, int Last)> Without(IEnumerable<(int First, int Last)> others)
    {
        // All but (all but this, and those).
        return Others(Join([.. Others([.. _ranges]), .. others]));
    }

    private bool Search(int character)
    {
        foreach (var (first, last) in _ranges)
        {
            if (character <= last)
                return character >= first;
        }

        return false;
    }

    private static List<(int First, int Last)> Join(IEnumerable<(int First, int Last)> ranges)
    {
        var joined = new List<(int First, int Last)>();
        foreach (var range in ranges.Order())
        {
            if (joined.Count > 0 && range.First <= joined[^1].Last + 1)
                joined[^1] = (joined[^1].First, Math.Max(joined[^1].Last, range.Last));
            else
                joined.Add(range);
        }

        return joined;
    }

    private static IEnumerable<(int First, int Last)> Others(List<(int First, int Last)> ranges)
    {
        var next = 0;
        foreach (var (first, last) in ranges)
        {
            if (first > next)
                yield return (next, first - 1);
            next = last + 1;
        }

        if (next <= Last)
            yield return (next, Last);
    }
}
