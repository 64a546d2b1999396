using Hybrid.Targets;

namespace Hybrid.CloudConnector.Pools.Balancing;

/// <summary>How gladly a replica is asked; what stands higher is asked only where nothing below it is there.</summary>
[Flags]
internal enum Preference
{
    First = 0,

    /// <summary>It would have to wake; only where the warm ones are busy.</summary>
    Cold = 1,

    /// <summary>It carries another model.</summary>
    Substitute = 2,

    /// <summary>It is a canary and the conversation is not, or the other way round.</summary>
    OtherSide = 4,

    /// <summary>A probe found it unwell, or it is on trial and has its one request.</summary>
    Unwell = 8,

    /// <summary>It failed this request in mid-stream.</summary>
    Lost = 16,

    /// <summary>It is ejected.</summary>
    Out = 32,

    /// <summary>This attempt asked it before.</summary>
    Tried = 64,

    /// <summary>It is not asked whatever happens.</summary>
    Never = 128,
}

/// <summary>Says how gladly.</summary>
internal static class Preferences
{
    public static Preference Of(Replica replica, Ask ask, bool canary, bool rolledBack, TimeSpan now)
    {
        var health = replica.Health;
        if (replica.IsDrained || health.RestsUntil(now) is not null || (replica.IsCanary && rolledBack) || (replica.Substitute is not null && !ask.MaySubstitute)) return Preference.Never;
        var found = Preference.First;
        if (replica.Target.State.Readiness is TargetReadiness.Cold or TargetReadiness.Warming) found |= Preference.Cold;
        if (replica.Substitute is not null) found |= Preference.Substitute;
        if (replica.IsCanary != canary) found |= Preference.OtherSide;
        if (health.OutUntil(now) is not null) found |= Preference.Out;
        else if (health.IsUnwell(now) || (health.IsOnTrial && replica.Outstanding > 0)) found |= Preference.Unwell;
        if (ask.HasLost(replica)) found |= Preference.Lost;
        if (ask.HasTried(replica)) found |= Preference.Tried;
        return found;
    }
}
