namespace Hybrid.Targets;

/// <summary>Whether the model may, must or must not call a tool.</summary>
public sealed record ToolChoice
{
    private ToolChoice(ToolChoiceMode mode, string? name = null) => (Mode, Name) = (mode, name);

    /// <summary>The model decides.</summary>
    public static ToolChoice Auto { get; } = new(ToolChoiceMode.Auto);

    /// <summary>The tools are not shown to the model.</summary>
    public static ToolChoice None { get; } = new(ToolChoiceMode.None);

    /// <summary>The answer is a call of one of the tools.</summary>
    public static ToolChoice Required { get; } = new(ToolChoiceMode.Required);

    /// <summary>Who decides.</summary>
    public ToolChoiceMode Mode { get; }

    /// <summary>The one tool that must be called.</summary>
    /// <value>Null: any.</value>
    public string? Name { get; }

    /// <summary>The answer is a call of this tool.</summary>
    public static ToolChoice Named(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return new(ToolChoiceMode.Required, name);
    }
}

/// <summary>Who decides whether a tool is called.</summary>
public enum ToolChoiceMode
{
    /// <summary>The model.</summary>
    Auto,

    /// <summary>None is called.</summary>
    None,

    /// <summary>One must be called.</summary>
    Required,
}
