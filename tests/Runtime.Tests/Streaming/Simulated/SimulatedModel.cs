using System.Text;

namespace Hybrid.Tests.Streaming.Simulated;

/// <summary>A model whose next token follows from all text before it, so that whoever reads an answer can tell what was missed, repeated or not conditioned on it.</summary>
internal static class SimulatedModel
{
    /// <summary>Every token ends with it, so that tokens can be counted in text.</summary>
    public const char End = '|';

    private static readonly string[] Syllables = ["ka", "lo", "Grü", "ße", "👩‍🚀", "né", "x", "日本", " ", "\n", "ro", "mi"];

    /// <summary>The state after a text.</summary>
    public static ulong Read(string text, ulong state)
    {
        foreach (var c in text) state = (state ^ c) * 0x100000001B3;
        return state;
    }

    public static ulong Begin(int model) => 0xCBF29CE484222325 ^ ((ulong)model * 0x9E3779B97F4A7C15);

    /// <summary>The token after a state.</summary>
    public static string Next(ulong state)
    {
        var mixed = (state ^ (state >> 29)) * 0xBF58476D1CE4E5B9;
        mixed ^= mixed >> 32;
        var text = new StringBuilder();
        for (var i = 0; i <= (int)(mixed % 3); i++)
        {
            mixed = (mixed >> 8) | (mixed << 56);
            text.Append(Syllables[mixed % (ulong)Syllables.Length]);
        }

        return text.Append(End).ToString();
    }

    /// <summary>The id of a token; all models share a vocabulary.</summary>
    public static int Id(string token) => (int)(Read(token, 0) & int.MaxValue);

    /// <summary>The ids of a text's tokens.</summary>
    public static IEnumerable<int> Ids(string text) => text.Split(End).SkipLast(1).Select(token => Id(token + End));

    public static int Tokens(string text)
    {
        var count = 0;
        foreach (var c in text)
        {
            if (c == End) count++;
        }

        return count;
    }
}
