using System.Text;

namespace Hybrid.Engines.Text;

/// <summary>Makes text of token bytes: whole UTF-8 sequences only, and nothing that may be the beginning of a stop string.</summary>
internal sealed class TextAssembler(IReadOnlyList<string> stopSequences)
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private readonly char[] _chars = new char[1024];
    private string _held = "";

    /// <summary>Whether a stop string came; nothing is emitted any more.</summary>
    public bool Stopped { get; private set; }

    /// <summary>Takes a token's bytes and gives the text that is certain.</summary>
    public string Append(ReadOnlySpan<byte> piece)
    {
        if (Stopped || piece.IsEmpty)
            return "";
        if (_held.Length == 0 && stopSequences.Count == 0 && piece.Length < _chars.Length)
        {
            var count = _decoder.GetChars(piece, _chars, flush: false);
            return count == 0 ? "" : new string(_chars, 0, count);
        }

        return Release(Decode(piece, flush: false));
    }

    /// <summary>The rest: text that was held back, and a broken sequence as U+FFFD.</summary>
    public string Flush()
    {
        if (Stopped)
            return "";
        var rest = Release(Decode([], flush: true));
        if (Stopped)
            return rest;
        rest += _held;
        _held = "";
        return rest;
    }

    private string Decode(ReadOnlySpan<byte> piece, bool flush)
    {
        var buffer = new char[_decoder.GetCharCount(piece, flush)];
        return new string(buffer, 0, _decoder.GetChars(piece, buffer, flush));
    }

    private string Release(string text)
    {
        var all = _held + text;
        if (FirstStop(all) is >= 0 and var first)
        {
            Stopped = true;
            _held = "";
            return all[..first];
        }

        var keep = stopSequences.Select(stop => LongestEndThatStarts(all, stop)).DefaultIfEmpty(0).Max();
        _held = all[^keep..];
        return all[..^keep];
    }

    /// <summary>Where the stop string begins that is complete first, of two that end together the longer one; -1 if there is none.</summary>
    private int FirstStop(string text)
    {
        var (begin, end) = (-1, int.MaxValue);
        foreach (var stop in stopSequences)
        {
            var at = text.IndexOf(stop, StringComparison.Ordinal);
            if (at >= 0 && (at + stop.Length < end || (at + stop.Length == end && at < begin)))
                (begin, end) = (at, at + stop.Length);
        }

        return begin;
    }

    private static int LongestEndThatStarts(string text, string stop)
    {
        for (var length = Math.Min(text.Length, stop.Length - 1); length > 0; length--)
        {
            if (stop.AsSpan(0, length).SequenceEqual(text.AsSpan(text.Length - length)))
                return length;
        }

        return 0;
    }
}
