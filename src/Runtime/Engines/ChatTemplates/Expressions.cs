namespace Hybrid.Engines.ChatTemplates;

/// <summary>A part of a template that has a value.</summary>
internal abstract class Expression
{
    public object? Evaluate(Scope scope)
    {
        scope.Budget.Enter();
        return Value(scope);
    }

    protected abstract object? Value(Scope scope);
}

internal sealed class Literal(object? value) : Expression
{
    protected override object? Value(Scope scope) => value;
}

internal sealed class Variable(string name) : Expression
{
    public string Name => name;

    protected override object? Value(Scope scope) => scope.Get(name);
}

internal sealed class ListLiteral(IReadOnlyList<Expression> items) : Expression
{
    public IReadOnlyList<Expression> Items => items;

    protected override object? Value(Scope scope) => items.Select(item => item.Evaluate(scope)).ToList();
}

internal sealed class MapLiteral(IReadOnlyList<(Expression Key, Expression Value)> items) : Expression
{
    protected override object? Value(Scope scope)
    {
        var map = new TemplateMap();
        foreach (var (key, value) in items)
        {
            var name = key.Evaluate(scope);
            if (name is not MarkedText && !Operators.IsNumber(name))
                throw scope.Budget.Error($"a dict takes texts and numbers as keys, not {Operators.TypeName(name)}");
            Operators.ChargeKey(name, scope.Budget);
            map[name!] = value.Evaluate(scope);
        }

        return map;
    }
}

internal sealed class Arithmetic(string sign, Expression left, Expression right) : Expression
{
    protected override object? Value(Scope scope)
    {
        var (first, second) = (left.Evaluate(scope), right.Evaluate(scope));
        return sign == "~"
            ? Operators.Concatenate(ValueText.Of(first, scope.Budget), ValueText.Of(second, scope.Budget), scope.Budget)
            : Operators.Arithmetic(sign, first, second, scope.Budget);
    }
}

internal sealed class Logic(bool isAnd, Expression left, Expression right) : Expression
{
    protected override object? Value(Scope scope)
    {
        var first = left.Evaluate(scope);
        return Operators.Truth(first) == isAnd ? right.Evaluate(scope) : first;
    }
}

internal sealed class Not(Expression operand) : Expression
{
    protected override object? Value(Scope scope) => !Operators.Truth(operand.Evaluate(scope));
}

internal sealed class Sign(bool isNegative, Expression operand) : Expression
{
    protected override object? Value(Scope scope)
    {
        var value = operand.Evaluate(scope);
        return isNegative ? Operators.Negate(value, scope.Budget) : value;
    }
}

/// <summary>A chain such as <c>1 &lt; x &lt;= 9</c>.</summary>
internal sealed class Comparison(Expression first, IReadOnlyList<(string Sign, Expression Right)> rest) : Expression
{
    protected override object? Value(Scope scope)
    {
        var left = first.Evaluate(scope);
        foreach (var (sign, expression) in rest)
        {
            var right = expression.Evaluate(scope);
            if (!Holds(sign, left, right, scope.Budget))
                return false;
            left = right;
        }

        return true;
    }

    public static bool Holds(string sign, object? left, object? right, RenderBudget budget) => sign switch
    {
        "==" => Operators.AreEqual(left, right, budget),
        "!=" => !Operators.AreEqual(left, right, budget),
        "in" => Operators.Contains(right, left, budget),
        "not in" => !Operators.Contains(right, left, budget),
        "<" => Operators.Compare(left, right, budget) < 0,
        "<=" => Operators.Compare(left, right, budget) <= 0,
        ">" => Operators.Compare(left, right, budget) > 0,
        _ => Operators.Compare(left, right, budget) >= 0,
    };
}

internal sealed class Conditional(Expression condition, Expression then, Expression? otherwise) : Expression
{
    protected override object? Value(Scope scope) =>
        Operators.Truth(condition.Evaluate(scope)) ? then.Evaluate(scope) : otherwise is null ? new Undefined("the else of an if") : otherwise.Evaluate(scope);
}

internal sealed class Member(Expression target, string name) : Expression
{
    public Expression Target => target;

    public string Name => name;

    protected override object? Value(Scope scope) => Members.Attribute(target.Evaluate(scope), name, scope.Budget);
}

internal sealed class Index(Expression target, Expression key) : Expression
{
    protected override object? Value(Scope scope) => Members.Item(target.Evaluate(scope), key.Evaluate(scope), scope.Budget);
}

internal sealed class SliceOf(Expression target, Expression? from, Expression? to, Expression? step) : Expression
{
    protected override object? Value(Scope scope) =>
        Members.Slice(target.Evaluate(scope), from?.Evaluate(scope), to?.Evaluate(scope), step?.Evaluate(scope), scope.Budget);
}

/// <summary>What stands between the brackets of a call.</summary>
internal sealed record ArgumentList(IReadOnlyList<Expression> Positional, IReadOnlyList<(string Name, Expression Value)> Named)
{
    public static ArgumentList None { get; } = new([], []);

    public CallArguments Evaluate(string name, Scope scope) => new(
        name,
        [.. Positional.Select(argument => argument.Evaluate(scope))],
        Named.ToDictionary(argument => argument.Name, argument => argument.Value.Evaluate(scope), StringComparer.Ordinal),
        scope.Budget);
}

internal sealed class Call(Expression target, ArgumentList arguments) : Expression
{
    protected override object? Value(Scope scope)
    {
        var name = target is Member member ? member.Name : target is Variable variable ? variable.Name : "a value";
        if (target.Evaluate(scope) is not TemplateFunction function)
            throw scope.Budget.Error($"'{name}' is not a function that is known here");
        return function.Call(arguments.Evaluate(name, scope));
    }
}

internal sealed class Filtered(Expression input, string name, ArgumentList arguments) : Expression
{
    protected override object? Value(Scope scope)
    {
        var value = input.Evaluate(scope);
        if (value is MarkedText text)
            scope.Budget.ChargeText(text.Text.Length);
        return Filters.Apply(name, value, arguments.Evaluate(name, scope));
    }
}

internal sealed class Tested(Expression input, string name, ArgumentList arguments, bool isNegated) : Expression
{
    protected override object? Value(Scope scope) => Tests.Apply(name, input.Evaluate(scope), arguments.Evaluate(name, scope)) != isNegated;
}
