namespace Hybrid.Engines.ChatTemplates;

// A value is null (none), Undefined, bool, long, double, MarkedText, List<object?>, TemplateMap, TemplateNamespace, TemplateLoop or TemplateFunction.

/// <summary>A name or a key that has no value.</summary>
internal sealed record Undefined(string Name);

/// <summary>A dict: keys are texts, numbers or booleans, in the order of their arrival.</summary>
internal sealed class TemplateMap : OrderedDictionary<object, object?>
{
    public object? Get(string key, object? otherwise) => TryGetValue(new MarkedText(key), out var value) ? value : otherwise;

    public void Set(string key, object? value) => this[new MarkedText(key)] = value;
}

/// <summary>What <c>namespace()</c> makes: attributes that can be set from inside a loop.</summary>
internal sealed class TemplateNamespace
{
    public Dictionary<string, object?> Attributes { get; } = new(StringComparer.Ordinal);
}

/// <summary>The variable <c>loop</c>.</summary>
internal sealed class TemplateLoop(IReadOnlyList<object?> items, int depth)
{
    public int Index { get; set; }

    public int Depth => depth;

    public object? Attribute(string name) => name switch
    {
        "index" => (long)Index + 1,
        "index0" => (long)Index,
        "revindex" => (long)items.Count - Index,
        "revindex0" => (long)items.Count - Index - 1,
        "first" => Index == 0,
        "last" => Index == items.Count - 1,
        "length" => (long)items.Count,
        "depth" => (long)depth,
        "depth0" => (long)depth - 1,
        "previtem" => Index > 0 ? items[Index - 1] : new Undefined("loop.previtem"),
        "nextitem" => Index + 1 < items.Count ? items[Index + 1] : new Undefined("loop.nextitem"),
        _ => new Undefined("loop." + name),
    };
}

/// <summary>A macro, a global function or a method with its receiver.</summary>
internal sealed class TemplateFunction(string name, Func<CallArguments, object?> body)
{
    public string Name => name;

    public object? Call(CallArguments arguments) => body(arguments);
}

/// <summary>The arguments of a call, filter or test.</summary>
internal sealed class CallArguments(string name, List<object?> positional, Dictionary<string, object?> named, RenderBudget budget)
{
    public string Name => name;

    public List<object?> Positional => positional;

    public Dictionary<string, object?> Named => named;

    public RenderBudget Budget => budget;

    /// <summary>The arguments in the order of the parameters; Undefined where one is not given.</summary>
    public object?[] Bind(params ReadOnlySpan<string> parameters)
    {
        if (positional.Count > parameters.Length)
            throw budget.Error($"'{name}' takes {parameters.Length} arguments and got {positional.Count}");
        var bound = new object?[parameters.Length];
        var used = 0;
        for (var i = 0; i < bound.Length; i++)
        {
            var isNamed = named.TryGetValue(parameters[i], out var value);
            used += isNamed ? 1 : 0;
            if (isNamed && i < positional.Count)
                throw budget.Error($"'{name}' got '{parameters[i]}' twice");
            bound[i] = i < positional.Count ? positional[i] : isNamed ? value : new Undefined(parameters[i]);
        }

        if (used == named.Count)
            return bound;
        var known = parameters.ToArray();
        throw budget.Error($"'{name}' does not know the argument '{named.Keys.First(key => !known.Contains(key))}'");
    }

    public MarkedText Text(object? value, string what) => value as MarkedText ?? throw budget.Error($"'{name}' needs a text as {what}, not {Operators.TypeName(value)}");

    public long Number(object? value, string what, long otherwise) => value switch
    {
        Undefined => otherwise,
        long number => number,
        bool flag => flag ? 1 : 0,
        _ => throw budget.Error($"'{name}' needs a whole number as {what}, not {Operators.TypeName(value)}"),
    };
}
