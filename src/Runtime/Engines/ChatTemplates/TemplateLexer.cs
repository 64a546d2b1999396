namespace Hybrid.Engines.ChatTemplates;

internal enum TokenKind
{
    Text, TagBegin, TagEnd, OutputBegin, OutputEnd, Name, String, Integer, Float, Operator, End,
}

/// <summary>A piece of template source with the index where it begins.</summary>
internal readonly record struct TemplateToken(TokenKind Kind, string Text, int Position)
{
    public bool Is(string text) => Kind is TokenKind.Operator or TokenKind.Name && Text == text;
}

/// <summary>Cuts a template into tokens, with white space as Hugging Face sets it: trim_blocks and lstrip_blocks.</summary>
internal sealed class TemplateLexer
{
    private static readonly string[] LongOperators = ["==", "!=", "<=", ">=", "//", "**"];
    private readonly string _source;
    private readonly List<TemplateToken> _tokens = [];
    private int _at;
    private bool _lineStart = true;

    private TemplateLexer(string source) => _source = source;

    public static List<TemplateToken> Cut(string source)
    {
        var lexer = new TemplateLexer(source);
        lexer.Cut();
        return lexer._tokens;
    }

    /// <summary>Line ends as one character, and without the last one.</summary>
    public static string Normalise(string source)
    {
        source = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        return source.EndsWith('\n') ? source[..^1] : source;
    }

    public static HybridException Error(string source, int position, string reason)
    {
        var before = source.AsSpan(0, Math.Min(position, source.Length));
        return new(HybridError.ModelFile,
            $"The model's chat template is not understood at line {before.Count('\n') + 1}, column {before.Length - before.LastIndexOf('\n')}: {reason}. Use a text prompt, or a model with another template.");
    }

    private void Cut()
    {
        while (_at < _source.Length)
        {
            var open = NextOpening();
            var sign = open + 2 < _source.Length ? _source[open + 2] : ' ';
            Data(open, sign);
            if (open == _source.Length)
                break;
            _at = open + (sign is '-' or '+' ? 3 : 2);
            switch (_source[open + 1])
            {
                case '#':
                    Comment(open);
                    break;
                case '%':
                    Inside(open, TokenKind.TagBegin, TokenKind.TagEnd, "%}");
                    break;
                default:
                    Inside(open, TokenKind.OutputBegin, TokenKind.OutputEnd, "}}");
                    break;
            }
        }

        _tokens.Add(new(TokenKind.End, "", _source.Length));
    }

    private int NextOpening()
    {
        for (var at = _source.IndexOf('{', _at); at >= 0 && at + 1 < _source.Length; at = _source.IndexOf('{', at + 1))
        {
            if (_source[at + 1] is '%' or '{' or '#')
                return at;
        }

        return _source.Length;
    }

    private void Data(int end, char sign)
    {
        var text = _source[_at..end];
        if (end < _source.Length && sign == '-')
        {
            text = new MarkedText(text).Trim(null, start: false, end: true).Text;
        }
        else if (end < _source.Length && sign != '+' && _source[end + 1] != '{')
        {
            var line = text.LastIndexOf('\n') + 1;
            if ((line > 0 || _lineStart) && text.Skip(line).All(MarkedText.IsSpace))
                text = text[..line];
        }

        if (text.Length > 0)
            _tokens.Add(new(TokenKind.Text, text, _at));
    }

    private void Comment(int open)
    {
        var close = _source.IndexOf("#}", _at, StringComparison.Ordinal);
        if (close < 0)
            throw Error(open, "the comment has no '#}'");
        Close(close + 2, sign: close > _at ? _source[close - 1] : ' ', trims: true);
    }

    private void Inside(int open, TokenKind begin, TokenKind end, string closing)
    {
        _tokens.Add(new(begin, _source.Substring(open, 2), open));
        var brackets = new Stack<char>();
        while (true)
        {
            while (_at < _source.Length && char.IsWhiteSpace(_source[_at]))
                _at++;
            if (_at >= _source.Length)
                throw Error(open, $"the tag has no '{closing}'");
            if (brackets.Count == 0 && Ends(closing, out var length, out var sign))
            {
                _tokens.Add(new(end, closing, _at));
                Close(_at + length, sign, trims: begin is TokenKind.TagBegin);
                return;
            }

            _tokens.Add(Next(brackets));
        }
    }

    private bool Ends(string closing, out int length, out char sign)
    {
        sign = _source[_at] is '-' or '+' ? _source[_at] : ' ';
        length = sign == ' ' ? 2 : 3;
        return string.CompareOrdinal(_source, _at + length - 2, closing, 0, 2) == 0 && (sign != '+' || closing == "%}");
    }

    private void Close(int end, char sign, bool trims)
    {
        _at = end;
        if (sign == '-')
        {
            while (_at < _source.Length && MarkedText.IsSpace(_source[_at]))
                _at++;
        }
        else if (trims && sign != '+' && _at < _source.Length && _source[_at] == '\n')
        {
            _at++;
        }

        _lineStart = _source[_at - 1] == '\n';
    }

    private TemplateToken Next(Stack<char> brackets)
    {
        var start = _at;
        var first = _source[_at];
        if (char.IsLetter(first) || first == '_')
        {
            while (_at < _source.Length && (char.IsLetterOrDigit(_source[_at]) || _source[_at] == '_'))
                _at++;
            return new(TokenKind.Name, _source[start.._at], start);
        }

        if (char.IsAsciiDigit(first))
            return Number(start);
        if (first is '\'' or '"')
            return Text(start, first);
        foreach (var two in LongOperators)
        {
            if (string.CompareOrdinal(_source, _at, two, 0, 2) != 0)
                continue;
            _at += 2;
            return new(TokenKind.Operator, two, start);
        }

        if (!"+-*/%~<>=|.,:()[]{}".Contains(first))
            throw Error(start, $"'{first}' is not part of the language");
        if (first is '(' or '[' or '{')
            brackets.Push(first is '(' ? ')' : first is '[' ? ']' : '}');
        else if (first is ')' or ']' or '}' && (!brackets.TryPop(out var expected) || expected != first))
            throw Error(start, $"'{first}' closes nothing");
        _at++;
        return new(TokenKind.Operator, first.ToString(), start);
    }

    private TemplateToken Number(int start)
    {
        while (_at < _source.Length && (char.IsAsciiDigit(_source[_at]) || _source[_at] == '_'))
            _at++;
        var whole = _at;
        if (_at + 1 < _source.Length && _source[_at] == '.' && char.IsAsciiDigit(_source[_at + 1]))
        {
            _at++;
            while (_at < _source.Length && char.IsAsciiDigit(_source[_at]))
                _at++;
        }

        var digits = _at + (_at + 1 < _source.Length && _source[_at + 1] is '+' or '-' ? 2 : 1);
        if (digits < _source.Length && _source[_at] is 'e' or 'E' && char.IsAsciiDigit(_source[digits]))
        {
            for (_at = digits; _at < _source.Length && char.IsAsciiDigit(_source[_at]);)
                _at++;
        }

        var text = _source[start.._at].Replace("_", "", StringComparison.Ordinal);
        return new(_at == whole ? TokenKind.Integer : TokenKind.Float, text, start);
    }

    private TemplateToken Text(int start, char quote)
    {
        _at++;
        while (_at < _source.Length && _source[_at] != quote)
            _at += _source[_at] == '\\' ? 2 : 1;
        if (_at >= _source.Length)
            throw Error(start, "the text has no closing quote");
        _at++;
        return new(TokenKind.String, TextLiteral.Read(_source.AsSpan(start + 1, _at - start - 2)), start);
    }

    private HybridException Error(int position, string reason) => Error(_source, position, reason);
}
