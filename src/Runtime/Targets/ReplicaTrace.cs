namespace Hybrid.Targets;

/// <summary>What a target over replicas and the conductor tell each other of one attempt; never sent anywhere.</summary>
/// <param name="lost">Replicas that failed this request in mid-stream before; others come first.</param>
internal sealed class ReplicaTrace(IReadOnlyCollection<string> lost)
{
    public IReadOnlyCollection<string> Lost => lost;

    /// <summary>Whether a second replica may be asked the same; not where a budget was reserved for one.</summary>
    public bool MayHedge { get; init; }

    /// <summary>Whether a declared substitute of the model may answer.</summary>
    public bool MaySubstitute { get; init; }

    /// <summary>Whether no other target may go on, so that it is worth waiting for a replica that comes back.</summary>
    public bool IsLastResort { get; init; }

    /// <summary>Who answers, or was asked last.</summary>
    public string? Replica { get; set; }

    /// <summary>The model of a replica that is a substitute.</summary>
    public string? Model { get; set; }

    /// <summary>Whether anything came, so that the target itself asks nobody else any more.</summary>
    public bool Began { get; set; }

    /// <summary>Set where the conductor ends the attempt because it said nothing for too long.</summary>
    public bool FellSilent { get; set; }

    /// <summary>Replicas that were asked besides the one that answered: retries and hedges.</summary>
    public int Retries { get; set; }

    /// <summary>Prompt tokens, as estimated, of hedges that lost.</summary>
    public int WastedInputTokens { get; set; }

    /// <summary>Tokens decoded by hedges that lost.</summary>
    public int WastedOutputTokens { get; set; }
}
