namespace Hybrid.Engines.ChatTemplates;

internal enum Flow
{
    Next, Break, Continue,
}

/// <summary>A part of a template that writes or changes something.</summary>
internal abstract class Statement(int line)
{
    public Flow Execute(Scope scope)
    {
        scope.Budget.Line = line;
        scope.Budget.Enter();
        return Do(scope);
    }

    public static Flow ExecuteAll(IReadOnlyList<Statement> body, Scope scope)
    {
        foreach (var statement in body)
        {
            if (statement.Execute(scope) is not Flow.Next and var flow)
                return flow;
        }

        return Flow.Next;
    }

    protected abstract Flow Do(Scope scope);
}

internal sealed class Write(Expression value, int line) : Statement(line)
{
    protected override Flow Do(Scope scope)
    {
        var text = ValueText.Of(value.Evaluate(scope), scope.Budget);
        scope.Rendering.Output.Append(text);
        return Flow.Next;
    }
}

internal sealed class If(IReadOnlyList<(Expression Condition, IReadOnlyList<Statement> Body)> branches, IReadOnlyList<Statement> otherwise, int line) : Statement(line)
{
    protected override Flow Do(Scope scope)
    {
        foreach (var (condition, body) in branches)
        {
            if (Operators.Truth(condition.Evaluate(scope)))
                return ExecuteAll(body, scope);
        }

        return ExecuteAll(otherwise, scope);
    }
}

internal sealed class For(Assignment target, Expression source, Expression? filter, IReadOnlyList<Statement> body, IReadOnlyList<Statement> otherwise, int line) : Statement(line)
{
    protected override Flow Do(Scope scope)
    {
        var items = Operators.Items(source.Evaluate(scope), scope.Budget).ToList();
        if (filter is not null)
            items.RemoveAll(item => !Operators.Truth(filter.Evaluate(With(scope, item))));
        if (items.Count == 0)
            return ExecuteAll(otherwise, scope.Inner());
        var loop = new TemplateLoop(items, ++scope.Rendering.LoopDepth);
        for (; loop.Index < items.Count; loop.Index++)
        {
            var inner = With(scope, items[loop.Index]);
            inner.Set("loop", loop);
            if (ExecuteAll(body, inner) is Flow.Break)
                break;
        }

        scope.Rendering.LoopDepth--;
        return Flow.Next;
    }

    private Scope With(Scope scope, object? item)
    {
        var inner = scope.Inner();
        target.Assign(item, inner);
        return inner;
    }
}

internal sealed class Jump(Flow flow, int line) : Statement(line)
{
    protected override Flow Do(Scope scope) => flow;
}

internal sealed class Set(Assignment target, Expression value, int line) : Statement(line)
{
    protected override Flow Do(Scope scope)
    {
        target.Assign(value.Evaluate(scope), scope);
        return Flow.Next;
    }
}

internal sealed class SetBlock(Assignment target, IReadOnlyList<Statement> body, int line) : Statement(line)
{
    protected override Flow Do(Scope scope)
    {
        target.Assign(scope.Rendering.Capture(() => ExecuteAll(body, scope.Inner())), scope);
        return Flow.Next;
    }
}

internal sealed class FilterBlock(string name, ArgumentList arguments, IReadOnlyList<Statement> body, int line) : Statement(line)
{
    protected override Flow Do(Scope scope)
    {
        var text = scope.Rendering.Capture(() => ExecuteAll(body, scope.Inner()));
        scope.Rendering.Output.Append(ValueText.Of(Filters.Apply(name, text, arguments.Evaluate(name, scope)), scope.Budget));
        return Flow.Next;
    }
}

internal sealed class Block(IReadOnlyList<Statement> body, int line) : Statement(line)
{
    protected override Flow Do(Scope scope) => ExecuteAll(body, scope.Inner());
}

internal sealed class Macro(string name, IReadOnlyList<(string Name, Expression? Default)> parameters, IReadOnlyList<Statement> body, int line) : Statement(line)
{
    private readonly string[] _names = [.. parameters.Select(parameter => parameter.Name)];

    protected override Flow Do(Scope scope)
    {
        scope.Set(name, new TemplateFunction(name, arguments => Call(arguments, scope.Inner())));
        return Flow.Next;
    }

    private MarkedText Call(CallArguments arguments, Scope scope)
    {
        var bound = arguments.Bind(_names);
        for (var i = 0; i < bound.Length; i++)
        {
            var isGiven = i < arguments.Positional.Count || arguments.Named.ContainsKey(_names[i]);
            scope.Set(_names[i], isGiven || parameters[i].Default is not { } otherwise ? bound[i] : otherwise.Evaluate(scope));
        }

        return scope.Rendering.Capture(() => ExecuteAll(body, scope));
    }
}

/// <summary>Where a value goes: a name, several names, or an attribute of a namespace.</summary>
internal sealed record Assignment(IReadOnlyList<string> Names, string? Attribute)
{
    public void Assign(object? value, Scope scope)
    {
        if (Attribute is not null)
        {
            if (scope.Get(Names[0]) is not TemplateNamespace attributes)
                throw scope.Budget.Error($"'{Names[0]}' is not a namespace; only a namespace's attributes can be set");
            attributes.Attributes[Attribute] = value;
            return;
        }

        if (Names.Count == 1)
        {
            scope.Set(Names[0], value);
            return;
        }

        var items = Operators.Items(value, scope.Budget);
        if (items.Count != Names.Count)
            throw scope.Budget.Error($"{items.Count} values for {Names.Count} names");
        for (var i = 0; i < items.Count; i++)
            scope.Set(Names[i], items[i]);
    }
}
