namespace Hybrid.Streaming;

/// <summary>Watches the first text behind a seam for a target that was asked to go on and started over, or said the end again.</summary>
/// <remarks>
/// Text is all there is to tell it by, so it takes a repetition longer than chance: the first <see cref="Telling"/> characters of the
/// answer, or its last <see cref="Telling"/> and more. Where the answer had said them twice before, it is the answer that repeats itself.
/// </remarks>
internal sealed class SeamGuard(string said)
{
    /// <summary>Characters that are not repeated by chance.</summary>
    public const int Telling = 24;

    private const int ShortTelling = 12;
    private const int LongestTail = 400;
    private readonly string _head = said.TrimStart();
    private string _heard = "";

    /// <summary>What is heard so far says.</summary>
    public enum Verdict
    {
        /// <summary>It may still be either; the text waits.</summary>
        Undecided,

        /// <summary>It goes on.</summary>
        Sound,

        /// <summary>It started over, or said the end again.</summary>
        Repeats,
    }

    public Verdict Hear(string text)
    {
        _heard += text;
        var start = _heard.TrimStart();
        if (said.Length < Telling) return Verdict.Sound;
        if (start.Length == 0) return Verdict.Undecided;
        var headLength = Math.Min(start.Length, Telling);
        var startsOver = _head.Length >= Telling && string.CompareOrdinal(_head, 0, start, 0, headLength) == 0;
        var saysAgain = SaysTheEndAgain();
        if (!startsOver && !saysAgain) return Verdict.Sound;
        if (!(startsOver && start.Length >= Telling) && !(saysAgain && _heard.Length >= Telling)) return Verdict.Undecided;
        return WasRepeated(startsOver ? start : _heard, Telling) ? Verdict.Sound : Verdict.Repeats;
    }

    /// <summary>The answer ended while it was undecided: so few characters of it are known that the same again is likelier than chance.</summary>
    public Verdict End()
    {
        var start = _heard.TrimStart();
        return start.Length < ShortTelling || WasRepeated(start, start.Length) ? Verdict.Sound : Verdict.Repeats;
    }

    private bool WasRepeated(string heard, int length)
    {
        var telling = heard.AsSpan(0, length);
        var first = said.AsSpan().IndexOf(telling);
        return first >= 0 && said.AsSpan(first + 1).IndexOf(telling) >= 0;
    }

    /// <summary>Whether what is heard is how one of the last parts of the answer, long enough to tell, begins.</summary>
    private bool SaysTheEndAgain()
    {
        for (var length = Telling; length <= Math.Min(said.Length, LongestTail); length++)
        {
            var from = said.Length - length;
            if (string.CompareOrdinal(said, from, _heard, 0, Math.Min(length, _heard.Length)) == 0) return true;
        }

        return false;
    }
}
