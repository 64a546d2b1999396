using System.Text;
using System.Text.Unicode;

namespace Hybrid.Engines.Text;

/// <summary>Makes text of token bytes: whole UTF-8 sequences only, and nothing that may be the beginning of a stop string.</summary>
internal sealed class TextAssembler(IReadOnlyList<string> stopSequences)
{
    private byte[] _bytes = new byte[64];
    private char[] _chars = new char[64];
    private int _partial;
    private int _held;

    /// <summary>Whether a stop string came; nothing is emitted any more.</summary>
    public bool Stopped { get; private set; }

    /// <summary>Bytes that no text has: part of a character, what may begin a stop string, or the stop string itself. 0: the text is that of the bytes.</summary>
    public int PendingBytes => _partial + (_held == 0 ? 0 : Encoding.UTF8.GetByteCount(_chars.AsSpan(0, _held)));

    /// <summary>Takes a token's bytes and gives the text that is certain.</summary>
    public string Append(ReadOnlySpan<byte> piece)
    {
        if (Stopped || piece.IsEmpty)
            return "";
        Decode(piece, isLast: false);
        return Take(_held - Withheld(_chars.AsSpan(0, _held)));
    }

    /// <summary>The rest: text that was held back, and a broken sequence as U+FFFD; what that stands for stays pending.</summary>
    public string Flush()
    {
        if (Stopped)
            return "";
        var broken = _partial;
        Decode([], isLast: true);
        _partial = broken;
        return Take(_held);
    }

    /// <summary>Puts the characters behind those that are held, and keeps the bytes of one that is not whole yet.</summary>
    private void Decode(ReadOnlySpan<byte> piece, bool isLast)
    {
        var count = _partial + piece.Length;
        if (_bytes.Length < count)
            Array.Resize(ref _bytes, Math.Max(count, _bytes.Length * 2));
        if (_chars.Length < _held + count) // no byte gives more than a character
            Array.Resize(ref _chars, Math.Max(_held + count, _chars.Length * 2));
        piece.CopyTo(_bytes.AsSpan(_partial));
        var bytes = _bytes.AsSpan(0, count);
        Utf8.ToUtf16(bytes, _chars.AsSpan(_held), out var read, out var written, replaceInvalidSequences: true, isFinalBlock: isLast);
        bytes[read..].CopyTo(_bytes);
        (_partial, _held) = (count - read, _held + written);
    }

    /// <summary>Gives as many characters, or those before a stop string.</summary>
    private string Take(int certain)
    {
        var all = _chars.AsSpan(0, _held);
        if (FirstStop(all) is >= 0 and var first)
            (Stopped, certain) = (true, first);
        var text = certain == 0 ? "" : new string(all[..certain]);
        all[certain..].CopyTo(_chars);
        _held -= certain;
        return text;
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
}
