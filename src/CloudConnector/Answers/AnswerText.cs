using System.Text;
using Hybrid.Engines.Text;

namespace Hybrid.CloudConnector.Answers;

/// <summary>Text as a far side sends it, made fit for the app: whole characters only, and nothing of a stop string.</summary>
/// <remarks>Servers cut stop strings off themselves, and some do not. For one answer; not thread-safe.</remarks>
internal sealed class AnswerText(IReadOnlyList<string> stopSequences)
{
    private readonly TextAssembler? _stops = stopSequences.Count > 0 ? new(stopSequences) : null;
    private readonly Decoder _utf8 = new UTF8Encoding(false, throwOnInvalidBytes: true).GetDecoder();
    private string _half = "";

    /// <summary>Whether a stop string came; the answer ends before it.</summary>
    public bool Stopped => _stops?.Stopped == true;

    /// <summary>Takes text and gives what is certain; half of a character waits for its other half.</summary>
    public string Append(string text)
    {
        if (_half.Length > 0)
            (text, _half) = (_half + text, "");
        if (text.Length > 0 && char.IsHighSurrogate(text[^1]))
            (text, _half) = (text[..^1], text[^1..]);
        return _stops is null ? text : _stops.Append(Encoding.UTF8.GetBytes(text));
    }

    /// <summary>Takes bytes, which may end within a character.</summary>
    /// <exception cref="DecoderFallbackException">They are not UTF-8.</exception>
    public string Append(ReadOnlySpan<byte> bytes) => Append(Decode(bytes, isLast: false));

    /// <summary>The rest, which might have been the beginning of a stop string.</summary>
    /// <exception cref="DecoderFallbackException">The bytes end within a character.</exception>
    public string Flush()
    {
        var rest = Append(Decode([], isLast: true));
        return _stops is null ? rest : rest + _stops.Flush();
    }

    private string Decode(ReadOnlySpan<byte> bytes, bool isLast)
    {
        var chars = new char[_utf8.GetCharCount(bytes, isLast)];
        _utf8.GetChars(bytes, chars, isLast);
        return new(chars);
    }
}
