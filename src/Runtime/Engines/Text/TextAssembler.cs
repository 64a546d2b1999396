using System.Text;

namespace Hybrid.Engines.Text;

/// <summary>Makes text of token bytes: whole UTF-8 sequences only, and nothing that may be the beginning of a stop string.</summary>
internal sealed class TextAssembler(IReadOnlyList<string> stopSequences)
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private char[] _chars = new char[64];
    private int _held;

    /// <summary>Whether a stop string came; nothing is emitted any more.</summary>
    public bool Stopped { get; private set; }

    /// <summary>Takes a token's bytes and gives the text that is certain.</summary>
    public string Append(ReadOnlySpan<byte> piece)
    {
        if (Stopped || piece.IsEmpty)
            return "";
        Decode(piece, flush: false);
        var all = _chars.AsSpan(0, _held);
        if (FirstStop(all) is >= 0 and var first)
        {
            (Stopped, _held) = (true, 0);
            return Text(all[..first]);
        }

        var text = Text(all[..^Withheld(all)]);
        all[text.Length..].CopyTo(_chars);
        _held -= text.Length;
        return text;
    }

    /// <summary>The rest: text that was held back, and a broken sequence as U+FFFD.</summary>
    public string Flush()
    {
        if (Stopped)
            return "";
        Decode([], flush: true);
        var all = _chars.AsSpan(0, _held);
        _held = 0;
        if (FirstStop(all) is not (>= 0 and var first))
            return Text(all);
        Stopped = true;
        return Text(all[..first]);
    }

    /// <summary>Puts the characters behind those that are held.</summary>
    private void Decode(ReadOnlySpan<byte> piece, bool flush)
    {
        var room = _held + piece.Length + 2; // no byte gives more than a character, and a broken beginning at most two
        if (_chars.Length < room)
            Array.Resize(ref _chars, Math.Max(room, _chars.Length * 2));
        _held += _decoder.GetChars(piece, _chars.AsSpan(_held), flush);
    }

    /// <summary>Where the stop string begins that is complete first, of two that end together the longer one; -1 if there is none.</summary>
    private int FirstStop(ReadOnlySpan<char> text)
    {
        var (begin, end) = (-1, int.MaxValue);
        for (var i = 0; i < stopSequences.Count; i++)
        {
            var stop = stopSequences[i];
            var at = text.IndexOf(stop, StringComparison.Ordinal);
            if (at >= 0 && (at + stop.Length < end || (at + stop.Length == end && at < begin)))
                (begin, end) = (at, at + stop.Length);
        }

        return begin;
    }

    /// <summary>How many of the last characters may begin a stop string.</summary>
    private int Withheld(ReadOnlySpan<char> text)
    {
        var longest = 0;
        for (var i = 0; i < stopSequences.Count; i++)
        {
            for (var length = Math.Min(text.Length, stopSequences[i].Length - 1); length > longest; length--)
            {
                if (text.EndsWith(stopSequences[i].AsSpan(0, length), StringComparison.Ordinal))
                    longest = length;
            }
        }

        return longest;
    }

    private static string Text(ReadOnlySpan<char> characters) => characters.IsEmpty ? "" : new(characters);
}
