namespace Hybrid.Engines.ChatTemplates;

/// <summary>Goes through a template's tokens.</summary>
internal sealed class TokenReader(string source)
{
    private readonly List<TemplateToken> _tokens = TemplateLexer.Cut(source);
    private int _at;
    private int _line = 1;
    private int _lineAt;

    public TemplateToken Current => _tokens[_at];

    public TemplateToken Following => _tokens[Math.Min(_at + 1, _tokens.Count - 1)];

    /// <summary>The line of the current token.</summary>
    public int Line
    {
        get
        {
            if (Current.Position > _lineAt)
            {
                _line += source.AsSpan(_lineAt, Current.Position - _lineAt).Count('\n');
                _lineAt = Current.Position;
            }

            return _line;
        }
    }

    public TemplateToken Take()
    {
        var token = Current;
        if (_at < _tokens.Count - 1)
            _at++;
        return token;
    }

    public bool TryTake(string text)
    {
        if (!Current.Is(text))
            return false;
        _at++;
        return true;
    }

    public TemplateToken Expect(TokenKind kind, string what) => Current.Kind == kind ? Take() : throw Unexpected(what);

    public void Expect(string text)
    {
        if (!TryTake(text))
            throw Unexpected($"'{text}'");
    }

    public HybridException Unexpected(string expected) =>
        Error(Current.Position, $"{expected} is expected, not {(Current.Kind is TokenKind.End ? "the end" : $"'{Current.Text}'")}");

    public HybridException Error(int position, string reason) => TemplateLexer.Error(source, position, reason);
}
