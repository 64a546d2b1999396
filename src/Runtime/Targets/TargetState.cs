namespace Hybrid.Targets;

/// <summary>What is known of a target at one moment.</summary>
/// <param name="Readiness">Whether it can decode now.</param>
/// <param name="Reason">Why it is not warm, or which of its replicas are out and until when; empty where all is well.</param>
/// <param name="QueueLength">Requests waiting.</param>
/// <param name="BusySlots">Requests being decoded.</param>
/// <param name="Slots">Requests that can be decoded at once; 0 where unknown.</param>
public sealed record TargetState(TargetReadiness Readiness, string Reason = "", int QueueLength = 0, int BusySlots = 0, int Slots = 0)
{
    /// <summary>Ready, with an empty queue.</summary>
    public static TargetState Warm { get; } = new(TargetReadiness.Warm);
}

/// <summary>Whether a target can decode now.</summary>
public enum TargetReadiness
{
    /// <summary>Not asked yet.</summary>
    Unknown,

    /// <summary>Scaled to zero or not loaded: the first request pays the cold start.</summary>
    Cold,

    /// <summary>Loading.</summary>
    Warming,

    /// <summary>Ready.</summary>
    Warm,

    /// <summary>Failed or out of reach.</summary>
    Unavailable,
}
