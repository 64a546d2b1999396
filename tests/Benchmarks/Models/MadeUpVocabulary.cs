namespace Hybrid.Benchmarks.Models;

/// <summary>32,000 tokens of a byte-level BPE: every byte, then made-up words of up to three letters with and without a space before them.</summary>
internal sealed class MadeUpVocabulary
{
    public const int Size = 32_000;
    public const int EndOfTurn = Size - 1;
    private const int Control = 3;
    private const int Normal = 1;
    private const string Space = "\u0120";
    private const string Letters = "abcdefghijklmnopqrstuvwxyz";

    public MadeUpVocabulary()
    {
        Tokens.AddRange(Enumerable.Range(0, 256).Select(value => ByteText(value).ToString()));
        foreach (var word in Words().Take(Size - 256 - 2))
        {
            Merges.Add($"{word[..^1]} {word[^1]}");
            Tokens.Add(word);
        }

        Tokens.Add("<|im_start|>");
        Tokens.Add("<|im_end|>");
    }

    public List<string> Tokens { get; } = [];

    public List<string> Merges { get; } = [];

    public IReadOnlyList<int> Types => [.. Enumerable.Range(0, Size).Select(i => i < Size - 2 ? Normal : Control)];

    /// <summary>Shorter words first, so that every merge finds its parts.</summary>
    private static IEnumerable<string> Words()
    {
        var letters = Letters.Select(letter => letter.ToString()).ToArray();
        var pairs = letters.SelectMany(word => Letters.Select(letter => word + letter)).ToArray();
        var triples = pairs.SelectMany(word => Letters.Select(letter => word + letter)).ToArray();
        return [.. letters.Select(word => Space + word), .. pairs.Select(word => Space + word), .. pairs, .. triples, .. triples.Select(word => Space + word)];
    }

    /// <summary>The character that stands for a byte in byte-level BPE: itself where it prints, else one from U+0100 on.</summary>
    private static char ByteText(int value)
    {
        if (Prints(value))
            return (char)value;
        return (char)(256 + Enumerable.Range(0, value).Count(other => !Prints(other)));
    }

    private static bool Prints(int value) => value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
}
