using System.Text.Json.Nodes;

namespace Hybrid.Edge.Fleet;

/// <summary>Something that an operator can have a device do.</summary>
public interface IFleetCommand
{
    /// <summary>What it is called.</summary>
    string Name { get; }

    /// <summary>Does it.</summary>
    /// <param name="arguments">What the operator gave.</param>
    /// <param name="cancellationToken">Ends with the device.</param>
    /// <returns>What came of it, for the operator; a <see cref="HybridException"/> says that it failed.</returns>
    Task<string> RunAsync(JsonObject arguments, CancellationToken cancellationToken);
}

/// <summary>A signed command.</summary>
internal sealed record CommandDocument
{
    public int Schema { get; init; }

    /// <summary>Tells it from all others; it is done once.</summary>
    public string? Id { get; init; }

    public string? Fleet { get; init; }

    public string? Device { get; init; }

    public string? Command { get; init; }

    public JsonObject? Arguments { get; init; }

    /// <summary>After that it is not done any more.</summary>
    public DateTimeOffset? Expires { get; init; }
}

/// <summary>What came of a command.</summary>
/// <param name="Schema">The version of this form.</param>
/// <param name="Id">The command's.</param>
/// <param name="Command">What it is called.</param>
/// <param name="Done">Whether it was done.</param>
/// <param name="Outcome">What came of it, or why it was not done.</param>
/// <param name="At">When, by the device's clock.</param>
public sealed record CommandResult(int Schema, string? Id, string? Command, bool Done, string Outcome, DateTimeOffset At);

/// <summary>Commands that a device remembers.</summary>
/// <param name="Commands">By id.</param>
internal sealed record CommandList(Dictionary<string, RememberedCommand> Commands);

/// <summary>A command that was accepted.</summary>
/// <param name="Expires">Until when it is remembered; after that it is refused for its age.</param>
/// <param name="Result">What came of it; null: it was begun.</param>
internal sealed record RememberedCommand(DateTimeOffset Expires, CommandResult? Result);
