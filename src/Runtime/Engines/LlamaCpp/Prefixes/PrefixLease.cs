namespace Hybrid.Engines.LlamaCpp.Prefixes;

/// <summary>A running request's share of the KV cache: its sequence, where it stands in the tree, and how far it may grow.</summary>
internal sealed class PrefixLease(int sequence, PrefixNode node, int limit)
{
    /// <summary>The id that marks its cells.</summary>
    public int Sequence { get; } = sequence;

    /// <summary>The deepest node of the tree that it stands on; what follows is its own.</summary>
    public PrefixNode Node { get; set; } = node;

    /// <summary>Cells that it may fill, the shared ones included.</summary>
    public int Limit { get; } = limit;

    /// <summary>Cells that it has filled, the shared ones included.</summary>
    public int Filled { get; set; } = node.End;
}
