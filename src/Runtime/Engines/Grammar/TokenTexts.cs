namespace Hybrid.Engines.Grammar;

/// <summary>The bytes of every token of a vocabulary, sorted, so that tokens which begin alike are looked at together. Immutable.</summary>
internal sealed class TokenTexts
{
    private readonly byte[] _bytes;
    private readonly int[] _starts;
    private readonly bool[] _ends;

    /// <param name="size">How many tokens there are.</param>
    /// <param name="text">A token's bytes; none where an answer with it shows nothing.</param>
    /// <param name="ends">Whether a token ends the answer.</param>
    public TokenTexts(int size, Func<int, byte[]> text, Func<int, bool> ends)
    {
        var texts = Enumerable.Range(0, size).Select(text).ToArray();
        _ends = [.. Enumerable.Range(0, size).Select(ends)];
        _starts = new int[size + 1];
        for (var token = 0; token < size; token++)
            _starts[token + 1] = _starts[token] + texts[token].Length;
        _bytes = new byte[_starts[size]];
        for (var token = 0; token < size; token++)
            texts[token].CopyTo(_bytes, _starts[token]);
        Sorted = [.. Enumerable.Range(0, size).Where(token => texts[token].Length > 0 && !_ends[token])];
        Array.Sort(Sorted, (left, right) => Of(left).SequenceCompareTo(Of(right)));
        Shared = new int[Sorted.Length];
        for (var i = 1; i < Sorted.Length; i++)
            Shared[i] = Of(Sorted[i]).CommonPrefixLength(Of(Sorted[i - 1]));
    }

    public int Count => _ends.Length;

    /// <summary>The tokens that have a text and do not end the answer, in the order of their bytes.</summary>
    public int[] Sorted { get; }

    /// <summary>How many bytes each of them has in common with the one before it.</summary>
    public int[] Shared { get; }

    public int Longest => _starts.Skip(1).Zip(_starts, (end, start) => end - start).Max();

    public bool Ends(int token) => _ends[token];

    public ReadOnlySpan<byte> Of(int token) => _bytes.AsSpan(_starts[token].._starts[token + 1]);
}
