using Hybrid.Targets;

namespace Hybrid.Edge.Inference;

/// <summary>A gateway on the bus as a target.</summary>
public sealed record BusTargetOptions
{
    /// <summary>Name, model, zone, prices and what it can do; the zone is where the broker and the gateway stand, usually <see cref="Zone.Site"/>.</summary>
    public required TargetDescriptor Descriptor { get; init; }

    /// <summary>The gateway's fleet.</summary>
    public required string Fleet { get; init; }

    /// <summary>The gateway's name in its fleet.</summary>
    public required string Device { get; init; }

    /// <summary>The name under which this process takes answers, of its own in the fleet.</summary>
    public required string ReplyName { get; init; }

    /// <summary>Longest wait for the first word; above zero and at most a day.</summary>
    /// <value>3 minutes</value>
    public TimeSpan FirstUpdateTimeout { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>Longest silence between two messages of an answer; above zero and at most a day.</summary>
    /// <value>30 seconds</value>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The clock of timeouts and deadlines.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
