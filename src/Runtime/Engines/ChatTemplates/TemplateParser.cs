using System.Runtime.CompilerServices;

namespace Hybrid.Engines.ChatTemplates;

/// <summary>Reads a whole template.</summary>
internal sealed class TemplateParser
{
    private readonly TokenReader _reader;
    private readonly ExpressionParser _expressions;
    private int _loops;

    private TemplateParser(string source)
    {
        _reader = new(source);
        _expressions = new(_reader);
    }

    public static IReadOnlyList<Statement> Parse(string source)
    {
        var parser = new TemplateParser(source);
        var body = parser.Body();
        return parser._reader.Current.Kind is TokenKind.End ? body : throw parser._reader.Unexpected("the end of the template");
    }

    /// <summary>Statements up to the end or to a tag that belongs to the statement around them.</summary>
    private List<Statement> Body(params ReadOnlySpan<string> ends)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw _reader.Error(_reader.Current.Position, "it nests too deep");
        var body = new List<Statement>();
        while (true)
        {
            var line = _reader.Line;
            switch (_reader.Current.Kind)
            {
                case TokenKind.Text:
                    body.Add(new Write(new Literal(new MarkedText(_reader.Take().Text)), line));
                    break;
                case TokenKind.OutputBegin:
                    _reader.Take();
                    body.Add(new Write(_expressions.ParseTuple(), line));
                    _reader.Expect(TokenKind.OutputEnd, "'}}'");
                    break;
                case TokenKind.TagBegin when ends.Contains(_reader.Following.Text):
                    return body;
                case TokenKind.TagBegin:
                    _reader.Take();
                    body.Add(Tag(line));
                    break;
                default:
                    return ends.IsEmpty ? body : throw _reader.Unexpected($"'{{% {ends[^1]} %}}'");
            }
        }
    }

    private Statement Tag(int line)
    {
        var name = _reader.Expect(TokenKind.Name, "the name of a tag");
        switch (name.Text)
        {
            case "if":
                return ParseIf(line);
            case "for":
                return ParseFor(line);
            case "set":
                return ParseSet(line);
            case "macro":
                return ParseMacro(line);
            case "filter":
                var (filter, arguments) = _expressions.ParseFilter();
                return new FilterBlock(filter, arguments, Block("endfilter"), line);
            case "generation":
                return new Block(Block("endgeneration"), line);
            case "break" or "continue" when _loops > 0:
                EndTag();
                return new Jump(name.Text == "break" ? Flow.Break : Flow.Continue, line);
            default:
                throw _reader.Error(name.Position, $"the tag '{name.Text}' is not known, or not here");
        }
    }

    private List<Statement> Block(string end)
    {
        EndTag();
        var body = Body(end);
        Closing(end);
        return body;
    }

    private If ParseIf(int line)
    {
        var branches = new List<(Expression, IReadOnlyList<Statement>)>();
        var otherwise = new List<Statement>();
        do
        {
            var condition = _expressions.ParseTuple();
            EndTag();
            branches.Add((condition, Body("elif", "else", "endif")));
        }
        while (TryOpen("elif"));
        if (TryOpen("else"))
        {
            EndTag();
            otherwise = Body("endif");
        }

        Closing("endif");
        return new(branches, otherwise, line);
    }

    private For ParseFor(int line)
    {
        var target = Names(withAttribute: false);
        _reader.Expect("in");
        var source = _expressions.ParseTuple(withConditional: false);
        var filter = _reader.TryTake("if") ? _expressions.Parse() : null;
        if (_reader.Current.Is("recursive"))
            throw _reader.Error(_reader.Current.Position, "recursive loops are not known");
        EndTag();
        _loops++;
        var body = Body("else", "endfor");
        _loops--;
        var otherwise = new List<Statement>();
        if (TryOpen("else"))
        {
            EndTag();
            otherwise = Body("endfor");
        }

        Closing("endfor");
        return new(target, source, filter, body, otherwise, line);
    }

    private Statement ParseSet(int line)
    {
        var target = Names(withAttribute: true);
        if (_reader.TryTake("="))
        {
            var value = _expressions.ParseTuple();
            EndTag();
            return new Set(target, value, line);
        }

        if (_reader.Current.Kind is not TokenKind.TagEnd)
            throw _reader.Unexpected("'='");
        return new SetBlock(target, Outside(() => Block("endset")), line);
    }

    private Macro ParseMacro(int line)
    {
        var name = _reader.Expect(TokenKind.Name, "the macro's name").Text;
        var parameters = new List<(string, Expression?)>();
        _reader.Expect("(");
        while (!_reader.TryTake(")"))
        {
            var parameter = _reader.Expect(TokenKind.Name, "a parameter's name").Text;
            parameters.Add((parameter, _reader.TryTake("=") ? _expressions.Parse() : null));
            if (!_reader.Current.Is(")"))
                _reader.Expect(",");
        }

        return new(name, parameters, Outside(() => Block("endmacro")), line);
    }

    /// <summary>A body that a <c>break</c> cannot leave.</summary>
    private List<Statement> Outside(Func<List<Statement>> parse)
    {
        var loops = _loops;
        _loops = 0;
        var body = parse();
        _loops = loops;
        return body;
    }

    private Assignment Names(bool withAttribute)
    {
        var isBracketed = _reader.TryTake("(");
        var names = new List<string> { _reader.Expect(TokenKind.Name, "a name").Text };
        if (withAttribute && _reader.TryTake("."))
            return new(names, _reader.Expect(TokenKind.Name, "a name").Text);
        while (_reader.TryTake(","))
            names.Add(_reader.Expect(TokenKind.Name, "a name").Text);
        if (isBracketed)
            _reader.Expect(")");
        return new(names, null);
    }

    private bool TryOpen(string tag)
    {
        if (_reader.Current.Kind is not TokenKind.TagBegin || !_reader.Following.Is(tag))
            return false;
        _reader.Take();
        _reader.Take();
        return true;
    }

    private void Closing(string tag)
    {
        if (!TryOpen(tag))
            throw _reader.Unexpected($"'{{% {tag} %}}'");
        if (_reader.Current.Kind is TokenKind.Name)
            _reader.Take();
        EndTag();
    }

    private void EndTag() => _reader.Expect(TokenKind.TagEnd, "'%}'");
}
