using System.Globalization;
using System.Text;

namespace Hybrid.Engines.Grammar;

/// <summary>The characters of GBNF text, read from left to right.</summary>
internal sealed class GrammarText
{
    private const int MostRepetitions = 10_000;
    private readonly int[] _text;
    private int _at;

    public GrammarText(string text)
    {
        var characters = new List<int>(text.Length);
        for (var i = 0; i < text.Length; i += characters[^1] > char.MaxValue ? 2 : 1)
        {
            if (!Rune.TryGetRuneAt(text, i, out var rune) || rune.Value == 0)
                throw GrammarRules.Invalid($"character {i} is {(text[i] == 0 ? "zero" : "half of a surrogate pair")}");
            characters.Add(rune.Value);
        }

        _text = [.. characters];
    }

    public bool AtEnd => _at == _text.Length;

    public bool AtLineEnd => Peek is '\r' or '\n';

    public bool AtName => IsName(Peek);

    /// <summary>The next character; -1 at the end.</summary>
    public int Peek => AtEnd ? -1 : _text[_at];

    public bool Take(char character)
    {
        if (Peek != character)
            return false;
        _at++;
        return true;
    }

    public void Expect(string text)
    {
        foreach (var character in text)
        {
            if (!Take(character))
                throw Fault($"'{text}' should be here");
        }
    }

    /// <summary>Skips blanks and comments, and line ends too where they mean nothing.</summary>
    public void SkipSpace(bool lines)
    {
        while (Peek is ' ' or '\t' or '#' || (lines && AtLineEnd))
        {
            if (Peek != '#')
            {
                _at++;
                continue;
            }

            while (!AtEnd && !AtLineEnd)
                _at++;
        }
    }

    public string Name()
    {
        var start = _at;
        while (IsName(Peek))
            _at++;
        return _at > start ? string.Concat(_text[start.._at].Select(character => (char)character)) : throw Fault("a rule's name should be here");
    }

    public List<int> Literal()
    {
        _at++;
        var characters = new List<int>();
        while (!Take('"'))
            characters.Add(Character());
        return characters;
    }

    public (List<(int First, int Last)> Ranges, bool IsNegated) Class()
    {
        _at++;
        var isNegated = Take('^');
        var ranges = new List<(int First, int Last)>();
        while (!Take(']'))
        {
            var (first, last) = (Character(), 0);
            if (Peek == '-' && _at + 1 < _text.Length && _text[_at + 1] != ']')
            {
                _at++;
                last = Character();
                if (last < first)
                    throw Fault("a range of characters ends before it begins");
            }

            ranges.Add((first, Math.Max(first, last)));
        }

        return ranges.Count > 0 ? (ranges, isNegated) : throw Fault("a set of characters is empty");
    }

    public (int Least, int? Most) Repetition(bool nested)
    {
        switch (_text[_at++])
        {
            case '*':
                return (0, null);
            case '+':
                return (1, null);
            case '?':
                return (0, 1);
        }

        SkipSpace(nested);
        var least = Number() ?? throw Fault("a number should be here");
        int? most = least;
        SkipSpace(nested);
        if (Take(','))
        {
            SkipSpace(nested);
            most = Number();
            SkipSpace(nested);
        }

        if (!Take('}'))
            throw Fault("'}' should be here");
        return most is null || most >= least ? (least, most) : throw Fault($"a repetition of at least {least} is to be {most} at most");
    }

    public HybridException Fault(string message)
    {
        var before = _text.AsSpan(0, _at);
        return GrammarRules.Invalid($"line {before.Count('\n') + 1}, column {_at - before.LastIndexOf('\n')}: {message}");
    }

    private int? Number()
    {
        var start = _at;
        var value = 0;
        while (Peek is >= '0' and <= '9')
        {
            value = Math.Min((value * 10) + _text[_at++] - '0', MostRepetitions + 1);
            if (value > MostRepetitions)
                throw Fault($"use {MostRepetitions} repetitions at most, or no upper limit");
        }

        return _at > start ? value : null;
    }

    private int Character()
    {
        if (AtEnd)
            throw Fault("it ends within quotes or brackets");
        if (_text[_at++] is var plain and not '\\')
            return plain;
        if (AtEnd)
            throw Fault("it ends within an escape");
        return _text[_at++] switch
        {
            'x' => Hex(2),
            'u' => Hex(4),
            'U' => Hex(8),
            't' => '\t',
            'r' => '\r',
            'n' => '\n',
            var same when same is '\\' or '"' or '[' or ']' or '-' or '^' => same,
            _ => throw Fault("this escape is not known; use \\x, \\u, \\U, \\t, \\r, \\n, or a backslash before \\, \", [, ], - or ^"),
        };
    }

    private int Hex(int digits)
    {
        var end = Math.Min(_at + digits, _text.Length);
        var text = string.Concat(_text[_at..end].Select(character => character < 128 ? (char)character : '?'));
        if (text.Length < digits || !uint.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) || value > CharacterSet.Last)
            throw Fault($"{digits} hexadecimal digits of a code point should be here");
        _at = end;
        return (int)value;
    }

    private static bool IsName(int character) => character is (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or (>= '0' and <= '9') or '-';
}
