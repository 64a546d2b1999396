namespace Hybrid.Models.Pull;

/// <summary>What a fault of a source calls for.</summary>
internal enum PullRemedy
{
    /// <summary>The same again, a little later.</summary>
    Again,

    /// <summary>The file is no longer the one that was announced: ask what there is and begin anew.</summary>
    AskAnew,

    /// <summary>The server serves no ranges: the file in one stream.</summary>
    OneStream,

    /// <summary>Something else first: another device is getting this part.</summary>
    Later,
}

/// <summary>A source did not deliver; never leaves the puller.</summary>
internal sealed class PullFault(PullRemedy remedy, string message, Exception? inner = null) : Exception(message, inner)
{
    public PullRemedy Remedy => remedy;

    /// <summary>How long the server wants to be left alone.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Whether the server refuses for now: it is busy, not broken.</summary>
    public bool Busy { get; init; }
}
