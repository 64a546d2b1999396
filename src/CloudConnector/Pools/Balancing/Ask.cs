using Hybrid.Targets;

namespace Hybrid.CloudConnector.Pools.Balancing;

/// <summary>What of a request decides where it goes.</summary>
internal sealed class Ask(ulong key, ReplicaTrace? trace)
{
    private readonly List<Replica> _tried = [];

    /// <summary>Names its conversation.</summary>
    public ulong Key => key;

    public ReplicaTrace? Trace => trace;

    public bool MaySubstitute => trace?.MaySubstitute ?? true;

    public bool MayHedge => trace?.MayHedge ?? true;

    /// <summary>Replicas that this attempt asked.</summary>
    public int Tried => _tried.Count;

    /// <summary>Who was asked last.</summary>
    public Replica? Last { get; private set; }

    public void Try(Replica replica)
    {
        Last = replica;
        if (!_tried.Contains(replica)) _tried.Add(replica);
    }

    /// <summary>Whether this attempt asked it before.</summary>
    public bool HasTried(Replica replica) => _tried.Contains(replica);

    /// <summary>Whether it failed this request in mid-stream.</summary>
    public bool HasLost(Replica replica) => trace?.Lost.Contains(replica.Name) == true;
}
