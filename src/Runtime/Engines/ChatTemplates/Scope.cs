namespace Hybrid.Engines.ChatTemplates;

/// <summary>The variables that a place in the template sees: its own and those of the scopes around it.</summary>
internal sealed class Scope(Scope? outer, Rendering rendering)
{
    private readonly Dictionary<string, object?> _variables = new(StringComparer.Ordinal);

    public Rendering Rendering => rendering;

    public RenderBudget Budget => rendering.Budget;

    public Scope Inner() => new(this, rendering);

    public void Set(string name, object? value) => _variables[name] = value;

    public object? Get(string name)
    {
        var hops = 0;
        for (var scope = this; scope is not null; scope = scope.Outer)
        {
            if (++hops % 8 == 0)
                Budget.Charge(1);
            if (scope._variables.TryGetValue(name, out var value))
                return value;
        }

        return new Undefined(name);
    }

    private Scope? Outer => outer;
}

/// <summary>One render: where text goes, what it may cost, how deep its loops are.</summary>
internal sealed class Rendering(RenderBudget budget)
{
    public RenderBudget Budget => budget;

    public MarkedTextBuilder Output { get; private set; } = new(budget);

    public int LoopDepth { get; set; }

    /// <summary>What a body writes, instead of writing it.</summary>
    public MarkedText Capture(Action body)
    {
        var outer = Output;
        Output = new(budget);
        try
        {
            body();
            return Output.Build();
        }
        finally
        {
            Output = outer;
        }
    }
}
