using System.Text;

namespace Hybrid.Engines.Grammar;

/// <summary>Reads GBNF text. A repetition becomes rules of its own; groups within groups may be 100 deep.</summary>
internal sealed class GrammarParser
{
    private const int LongestText = 1 << 20;
    private const int MostSymbols = 1 << 20;
    private const int DeepestGroup = 100;
    private const string RootName = "root";
    private readonly GrammarText _text;
    private readonly Dictionary<string, int> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _setNumbers = new(StringComparer.Ordinal);
    private readonly Dictionary<int, string> _labels = [];
    private string _current = "";
    private int _depth;

    public GrammarParser(string text)
    {
        if (text.Length > LongestText)
            throw GrammarRules.Invalid($"it has {text.Length} characters; use {LongestText} at most");
        _text = new(text);
    }

    public List<int> Symbols { get; } = [];

    public List<List<int>> Alternatives { get; } = [];

    public List<CharacterSet> Sets { get; } = [];

    public int Root { get; private set; }

    public GrammarParser Read()
    {
        _text.SkipSpace(lines: true);
        while (!_text.AtEnd)
            ReadRule();
        foreach (var (name, rule) in _names)
        {
            if (Alternatives[rule].Count == 0)
                throw GrammarRules.Invalid($"rule '{name}' is used and not defined");
        }

        Root = _names.TryGetValue(RootName, out var root) ? root : throw GrammarRules.Invalid($"there is no rule '{RootName}'");
        return this;
    }

    /// <summary>The name of a rule, or of the one that it was written in.</summary>
    public string NameOf(int rule) => _labels[rule];

    private void ReadRule()
    {
        _current = _text.Name();
        var rule = Named(_current);
        if (Alternatives[rule].Count > 0)
            throw _text.Fault($"rule '{_current}' is defined a second time");
        _text.SkipSpace(lines: false);
        _text.Expect("::=");
        _text.SkipSpace(lines: true);
        ReadAlternatives(rule, nested: false);
        if (!_text.AtEnd && !_text.AtLineEnd)
            throw _text.Fault("a new line or the end should be here");
        _text.SkipSpace(lines: true);
    }

    private void ReadAlternatives(int rule, bool nested)
    {
        do
        {
            _text.SkipSpace(lines: nested || Alternatives[rule].Count > 0);
            Add(rule, ReadSequence(nested));
        }
        while (_text.Take('|'));
    }

    private List<int> ReadSequence(bool nested)
    {
        var sequence = new List<int>();
        int? repeatable = null;
        while (!_text.AtEnd)
        {
            var next = _text.Peek;
            if (next is '*' or '+' or '?' or '{')
            {
                var (least, most) = _text.Repetition(nested);
                if (repeatable is not { } item)
                    throw _text.Fault("there is nothing before it that could be repeated");
                sequence.RemoveAt(sequence.Count - 1);
                repeatable = Repeat(item, least, most);
                sequence.Add(repeatable.Value);
            }
            else if (ReadItem() is { } symbol)
            {
                repeatable = symbol;
                sequence.Add(symbol);
            }
            else if (next == '"')
            {
                repeatable = null; // An empty text adds nothing.
            }
            else
            {
                break;
            }

            _text.SkipSpace(nested);
        }

        return sequence;
    }

    private int? ReadItem()
    {
        switch (_text.Peek)
        {
            case '"':
                return Group(_text.Literal().Select(character => Set([(character, character)], isNegated: false)).ToList());
            case '[':
                var (ranges, isNegated) = _text.Class();
                return Set(ranges, isNegated);
            case '.':
                _text.Take('.');
                return Set([(0, CharacterSet.Last)], isNegated: false);
            case '(':
                return ReadGroup();
            case '<' or '!':
                throw _text.Fault("a token is named, and grammars here are made of characters alone");
            default:
                return _text.AtName ? (Named(_text.Name()) << 1) | 1 : null;
        }
    }

    private int ReadGroup()
    {
        if (++_depth > DeepestGroup)
            throw _text.Fault($"groups are more than {DeepestGroup} deep");
        _text.Take('(');
        var rule = NewRule();
        ReadAlternatives(rule, nested: true);
        if (!_text.Take(')'))
            throw _text.Fault("')' should be here");
        _depth--;
        return (rule << 1) | 1;
    }

    /// <summary>One symbol for several; null for none.</summary>
    private int? Group(List<int> symbols)
    {
        if (symbols.Count < 2)
            return symbols.Count == 0 ? null : symbols[0];
        var rule = NewRule();
        Add(rule, symbols);
        return (rule << 1) | 1;
    }

    /// <summary>A rule for a symbol so many times; <paramref name="most"/> is null where there is no limit.</summary>
    private int Repeat(int symbol, int least, int? most)
    {
        int? rest = null;
        if (most is null)
        {
            var again = NewRule();
            rest = (again << 1) | 1;
            Add(again, [symbol, rest.Value]);
            Add(again, []);
        }

        for (var i = least; i < most; i++)
        {
            var once = NewRule();
            Add(once, rest is { } more ? [symbol, more] : [symbol]);
            Add(once, []);
            rest = (once << 1) | 1;
        }

        var whole = NewRule();
        Add(whole, rest is { } tail ? [.. Enumerable.Repeat(symbol, least), tail] : [.. Enumerable.Repeat(symbol, least)]);
        return (whole << 1) | 1;
    }

    private void Add(int rule, List<int> sequence)
    {
        Alternatives[rule].Add(Symbols.Count);
        Symbols.AddRange(sequence);
        Symbols.Add(GrammarRules.End);
        if (Symbols.Count > MostSymbols)
            throw GrammarRules.Invalid($"it has more than {MostSymbols} symbols when its repetitions are written out");
    }

    private int Named(string name)
    {
        if (_names.TryGetValue(name, out var rule))
            return rule;
        rule = NewRule();
        _labels[rule] = name;
        return _names[name] = rule;
    }

    private int NewRule()
    {
        _labels[Alternatives.Count] = _current;
        Alternatives.Add([]);
        return Alternatives.Count - 1;
    }

    private int Set(List<(int First, int Last)> ranges, bool isNegated)
    {
        var key = new StringBuilder(isNegated ? "^" : "").AppendJoin(' ', ranges).ToString();
        if (_setNumbers.TryGetValue(key, out var number))
            return number << 1;
        var set = new CharacterSet(ranges, isNegated);
        if (set.IsEmpty)
            throw _text.Fault("no character is in this set");
        Sets.Add(set);
        _setNumbers[key] = Sets.Count - 1;
        return (Sets.Count - 1) << 1;
    }
}
