namespace Hybrid.Edge.Waiting;

/// <summary>How a request that can wait is.</summary>
internal enum WaitingState
{
    /// <summary>Its time has not come.</summary>
    Waiting,

    /// <summary>It is being answered.</summary>
    Running,

    /// <summary>Its answer is there.</summary>
    Done,

    /// <summary>It has no answer and will have none.</summary>
    Failed,
}

/// <summary>What is known of a request that can wait.</summary>
/// <param name="Id">Its name.</param>
/// <param name="State">How it is.</param>
/// <param name="Until">Until when it can wait.</param>
/// <param name="StartAt">When it is to start, as far as is known now; null once it ended.</param>
/// <param name="Reason">Why it waits, for people; empty where nothing is to be said.</param>
/// <param name="Result">The answer's body, or the error's, once it ended.</param>
internal sealed record WaitingStatus(string Id, WaitingState State, DateTimeOffset Until, DateTimeOffset? StartAt, string Reason, ReadOnlyMemory<byte> Result);
