using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Hybrid.Engines.ChatTemplates;

/// <summary>Reads expressions with Jinja's precedence.</summary>
internal sealed class ExpressionParser(TokenReader reader)
{
    private static readonly string[] Comparisons = ["==", "!=", "<", "<=", ">", ">="];

    /// <summary>An expression, or several with commas between them, which make a list.</summary>
    public Expression ParseTuple(bool withConditional = true)
    {
        var first = withConditional ? Parse() : ParseOr();
        if (!reader.Current.Is(","))
            return first;
        var items = new List<Expression> { first };
        while (reader.TryTake(",") && !IsEnd())
            items.Add(withConditional ? Parse() : ParseOr());
        return new ListLiteral(items);
    }

    public Expression Parse()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw reader.Error(reader.Current.Position, "it nests too deep");
        var value = ParseOr();
        while (reader.TryTake("if"))
        {
            var condition = ParseOr();
            value = new Conditional(condition, value, reader.TryTake("else") ? Parse() : null);
        }

        return value;
    }

    /// <summary>The name of a filter and its arguments, after the bar.</summary>
    public (string Name, ArgumentList Arguments) ParseFilter()
    {
        var token = reader.Expect(TokenKind.Name, "the name of a filter");
        if (!Filters.Exists(token.Text))
            throw reader.Error(token.Position, $"the filter '{token.Text}' is not known");
        return (token.Text, reader.Current.Is("(") ? ParseArguments() : ArgumentList.None);
    }

    private bool IsEnd() => reader.Current.Kind is TokenKind.TagEnd or TokenKind.OutputEnd or TokenKind.End || reader.Current.Is(")") || reader.Current.Is("if");

    private Expression ParseOr()
    {
        var left = ParseAnd();
        while (reader.TryTake("or"))
            left = new Logic(isAnd: false, left, ParseAnd());
        return left;
    }

    private Expression ParseAnd()
    {
        var left = ParseNot();
        while (reader.TryTake("and"))
            left = new Logic(isAnd: true, left, ParseNot());
        return left;
    }

    private Expression ParseNot()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw reader.Error(reader.Current.Position, "it nests too deep");
        return reader.TryTake("not") ? new Not(ParseNot()) : ParseComparison();
    }

    private Expression ParseComparison()
    {
        var left = ParseSum();
        var rest = new List<(string, Expression)>();
        while (true)
        {
            if (reader.Current.Kind is TokenKind.Operator && Comparisons.Contains(reader.Current.Text))
            {
                rest.Add((reader.Take().Text, ParseSum()));
            }
            else if (reader.TryTake("in"))
            {
                rest.Add(("in", ParseSum()));
            }
            else if (reader.Current.Is("not") && reader.Following.Is("in"))
            {
                reader.Take();
                reader.Take();
                rest.Add(("not in", ParseSum()));
            }
            else
            {
                return rest.Count == 0 ? left : new Comparison(left, rest);
            }
        }
    }

    private Expression ParseSum() => ParseBinary(ParseConcatenation, "+", "-");

    private Expression ParseConcatenation() => ParseBinary(ParseProduct, "~");

    private Expression ParseProduct() => ParseBinary(ParsePower, "*", "/", "//", "%");

    private Expression ParsePower() => ParseBinary(() => ParseUnary(), "**");

    private Expression ParseBinary(Func<Expression> operand, params ReadOnlySpan<string> signs)
    {
        var left = operand();
        while (reader.Current.Kind is TokenKind.Operator && signs.Contains(reader.Current.Text))
            left = new Arithmetic(reader.Take().Text, left, operand());
        return left;
    }

    private Expression ParseUnary(bool withFilter = true)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw reader.Error(reader.Current.Position, "it nests too deep");
        Expression value;
        if (reader.Current.Is("-") || reader.Current.Is("+"))
            value = new Sign(reader.Take().Text == "-", ParseUnary(withFilter: false));
        else
            value = ParsePrimary();
        value = ParsePostfix(value);
        return withFilter ? ParseFilters(value) : value;
    }

    private Expression ParsePrimary()
    {
        var token = reader.Take();
        switch (token.Kind)
        {
            case TokenKind.Name when token.Text is not ("and" or "or" or "not" or "in" or "is" or "if" or "else"):
                return token.Text switch
                {
                    "true" or "True" => new Literal(true),
                    "false" or "False" => new Literal(false),
                    "none" or "None" => new Literal(null),
                    var name => new Variable(name),
                };
            case TokenKind.String:
                var text = new StringBuilder(token.Text);
                while (reader.Current.Kind is TokenKind.String)
                    text.Append(reader.Take().Text);
                return new Literal(new MarkedText(text.ToString()));
            case TokenKind.Integer:
                return long.TryParse(token.Text, out var whole) ? new Literal(whole) : throw reader.Error(token.Position, "the number is too large");
            case TokenKind.Float:
                return new Literal(double.Parse(token.Text, CultureInfo.InvariantCulture));
        }

        return token.Text switch
        {
            "(" when token.Kind is TokenKind.Operator => Bracketed(),
            "[" when token.Kind is TokenKind.Operator => ParseList(),
            "{" when token.Kind is TokenKind.Operator => ParseMap(),
            _ => throw reader.Error(token.Position, $"a value is expected, not {(token.Kind is TokenKind.End ? "the end" : $"'{token.Text}'")}"),
        };
    }

    private Expression Bracketed()
    {
        if (reader.TryTake(")"))
            return new ListLiteral([]);
        var value = ParseTuple();
        reader.Expect(")");
        return value;
    }

    private ListLiteral ParseList()
    {
        var items = new List<Expression>();
        while (!reader.TryTake("]"))
        {
            items.Add(Parse());
            if (!reader.Current.Is("]"))
                reader.Expect(",");
        }

        return new(items);
    }

    private MapLiteral ParseMap()
    {
        var items = new List<(Expression, Expression)>();
        while (!reader.TryTake("}"))
        {
            var key = Parse();
            reader.Expect(":");
            items.Add((key, Parse()));
            if (!reader.Current.Is("}"))
                reader.Expect(",");
        }

        return new(items);
    }

    private Expression ParsePostfix(Expression value)
    {
        while (true)
        {
            if (reader.TryTake("."))
                value = reader.Current.Kind is TokenKind.Integer ? new Index(value, ParsePrimary()) : new Member(value, reader.Expect(TokenKind.Name, "a name").Text);
            else if (reader.TryTake("["))
                value = ParseSubscript(value);
            else if (reader.Current.Is("("))
                value = new Call(value, ParseArguments());
            else
                return value;
        }
    }

    private Expression ParseSubscript(Expression target)
    {
        var from = reader.Current.Is(":") ? null : ParseTuple();
        if (from is not null && reader.TryTake("]"))
            return new Index(target, from);
        reader.Expect(":");
        var to = reader.Current.Is(":") || reader.Current.Is("]") ? null : Parse();
        var step = reader.TryTake(":") && !reader.Current.Is("]") ? Parse() : null;
        reader.Expect("]");
        return new SliceOf(target, from, to, step);
    }

    private Expression ParseFilters(Expression value)
    {
        while (true)
        {
            if (reader.TryTake("|"))
            {
                var (name, arguments) = ParseFilter();
                value = new Filtered(value, name, arguments);
            }
            else if (reader.TryTake("is"))
            {
                value = ParseTest(value);
            }
            else if (reader.Current.Is("("))
            {
                value = new Call(value, ParseArguments());
            }
            else
            {
                return value;
            }
        }
    }

    private Tested ParseTest(Expression value)
    {
        var isNegated = reader.TryTake("not");
        var token = reader.Expect(TokenKind.Name, "the name of a test");
        if (!Tests.Exists(token.Text))
            throw reader.Error(token.Position, $"the test '{token.Text}' is not known");
        var arguments = ArgumentList.None;
        var next = reader.Current;
        if (next.Is("("))
            arguments = ParseArguments();
        else if (next.Kind is TokenKind.String or TokenKind.Integer or TokenKind.Float || next.Is("[") || next.Is("{") || (next.Kind is TokenKind.Name && next.Text is not ("else" or "or" or "and" or "is" or "if" or "in" or "not")))
            arguments = new([ParsePostfix(ParsePrimary())], []);
        return new(value, token.Text, arguments, isNegated);
    }

    private ArgumentList ParseArguments()
    {
        reader.Expect("(");
        var positional = new List<Expression>();
        var named = new List<(string Name, Expression)>();
        while (!reader.TryTake(")"))
        {
            if (reader.Current.Kind is TokenKind.Name && reader.Following.Is("="))
            {
                var name = reader.Take();
                reader.Take();
                if (named.Exists(argument => argument.Name == name.Text))
                    throw reader.Error(name.Position, $"the argument '{name.Text}' is there twice");
                named.Add((name.Text, Parse()));
            }
            else if (named.Count > 0)
            {
                throw reader.Unexpected("an argument with a name");
            }
            else
            {
                positional.Add(Parse());
            }

            if (!reader.Current.Is(")"))
                reader.Expect(",");
        }

        return new(positional, named);
    }
}
