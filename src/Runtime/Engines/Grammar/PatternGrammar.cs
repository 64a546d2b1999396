using System.Globalization;
using System.Text;

namespace Hybrid.Engines.Grammar;

/// <summary>A regular expression as GBNF for what stands between the quotes of a JSON string; null where it is more than sets, groups, alternatives and repetitions.</summary>
internal sealed class PatternGrammar
{
    private const int DeepestGroup = 50;
    private readonly string _pattern;
    private int _at;
    private int _depth;

    private PatternGrammar(string pattern) => _pattern = pattern;

    public static string? Translate(string pattern)
    {
        var reader = new PatternGrammar(pattern);
        var anchored = reader.Take('^');
        if (reader.Alternatives() is not { Text: var body, Count: var count })
            return null;
        var closed = reader.Take('$');
        if (reader._at < pattern.Length || ((anchored || closed) && count > 1))
            return null;
        return $"{(anchored ? "" : JsonRules.Plain + "*")} ({body}) {(closed ? "" : JsonRules.Plain + "*")}".Trim();
    }

    private bool Take(char character)
    {
        if (_at == _pattern.Length || _pattern[_at] != character)
            return false;
        _at++;
        return true;
    }

    private (string Text, int Count)? Alternatives()
    {
        var parts = new List<string>();
        do
        {
            if (Sequence() is not { } part)
                return null;
            parts.Add(part.Length == 0 ? "\"\"" : part);
        }
        while (Take('|'));
        return (string.Join(" | ", parts), parts.Count);
    }

    private string? Sequence()
    {
        var parts = new List<string>();
        while (_at < _pattern.Length && _pattern[_at] is not ('|' or ')' or '$'))
        {
            if (Item() is not { } item || Quantifier() is not { } times)
                return null;
            parts.Add(item + times);
        }

        return string.Join(' ', parts);
    }

    private string? Item()
    {
        switch (_pattern[_at++])
        {
            case '(':
                return Group();
            case '[':
                return Class();
            case '.':
                return JsonRules.Plain;
            case '\\':
                return Escape();
            case '^' or '*' or '+' or '?' or '{' or '}' or ']':
                return null;
            default:
                _at--;
                return Character();
        }
    }

    private string? Group()
    {
        if (++_depth > DeepestGroup)
            return null;
        if (Take('?') && !Take(':'))
            return null;
        if (Alternatives() is not { Text: var body } || !Take(')'))
            return null;
        _depth--;
        return $"({body})";
    }

    private string? Character()
    {
        if (!Rune.TryGetRuneAt(_pattern, _at, out var rune) || rune.Value is < 32 or 127)
            return null;
        _at += rune.Utf16SequenceLength;
        return GbnfWriter.Literal(SchemaJson.Quote(rune.ToString())[1..^1]);
    }

    private string? Escape()
    {
        if (_at == _pattern.Length)
            return null;
        var letter = _pattern[_at++];
        if (Named(letter) is { } ranges)
            return Set(ranges, char.IsUpper(letter));
        if (char.IsAsciiLetterOrDigit(letter))
            return null;
        _at--;
        return Character();
    }

    private string? Class()
    {
        var isNegated = Take('^');
        var ranges = new List<(int First, int Last)>();
        while (!Take(']'))
        {
            if (_at < _pattern.Length - 1 && _pattern[_at] == '\\' && Named(_pattern[_at + 1]) is { } named)
            {
                if (char.IsUpper(_pattern[_at + 1]))
                    return null;
                ranges.AddRange(named);
                _at += 2;
                continue;
            }

            if (Member() is not { } first)
                return null;
            var last = first;
            if (_at + 1 < _pattern.Length && _pattern[_at] == '-' && _pattern[_at + 1] != ']')
            {
                _at++;
                if (Member() is not { } end || end < first)
                    return null;
                last = end;
            }

            ranges.Add((first, last));
        }

        return ranges.Count > 0 ? Set(ranges, isNegated) : null;
    }

    private int? Member()
    {
        if (_at < _pattern.Length && _pattern[_at] == '\\' && (++_at == _pattern.Length || char.IsAsciiLetterOrDigit(_pattern[_at])))
            return null;
        if (!Rune.TryGetRuneAt(_pattern.PadRight(_at + 1, '\0'), _at, out var rune) || rune.Value == 0)
            return null;
        _at += rune.Utf16SequenceLength;
        return rune.Value;
    }

    private string? Quantifier()
    {
        var start = _at;
        if (Take('{'))
        {
            var end = _pattern.IndexOf('}', _at);
            if (end < 0 || !char.IsAsciiDigit(_pattern[_at]) || _pattern[_at..end].Any(character => character != ',' && !char.IsAsciiDigit(character)))
                return null;
            _at = end + 1;
        }
        else if (!Take('*') && !Take('+'))
        {
            Take('?');
        }

        var times = _pattern[start.._at];
        if (times.Length > 0)
            Take('?'); // As few as possible matches the same texts.
        return times;
    }

    private static (int First, int Last)[]? Named(char letter) => char.ToLowerInvariant(letter) switch
    {
        'd' => [('0', '9')],
        'w' => [('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        's' => [(' ', ' ')],
        _ => null,
    };

    /// <summary>A set without what a JSON string must escape.</summary>
    private static string? Set(IEnumerable<(int First, int Last)> ranges, bool isNegated)
    {
        var wanted = new CharacterSet(ranges, isNegated);
        var kept = new CharacterSet(wanted.Without([(0, 31), ('"', '"'), ('\\', '\\'), (127, 127), (0xD800, 0xDFFF)]));
        return kept.IsEmpty ? null : $"[{string.Concat(kept.Ranges.Select(range => $"{Code(range.First)}-{Code(range.Last)}"))}]";
    }

    private static string Code(int character) => string.Create(CultureInfo.InvariantCulture, $"\\U{character:X8}");
}
