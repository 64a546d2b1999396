namespace Hybrid.Engines.LlamaCpp.Prefixes;

/// <summary>An edge of the tree: tokens whose cells are cached, after those of its parents.</summary>
internal sealed class PrefixNode(PrefixNode? parent, int start, int[] tokens)
{
    /// <summary>No sequence of its own: the cells carry the marks of those below.</summary>
    public const int NoHolder = -1;

    public PrefixNode? Parent { get; set; } = parent;

    /// <summary>The position of the first token.</summary>
    public int Start { get; private set; } = start;

    /// <summary>Position after the last token.</summary>
    public int End => Start + Tokens.Length;

    public int[] Tokens { get; private set; } = tokens;

    /// <summary>By their first token.</summary>
    public Dictionary<int, PrefixNode> Children { get; } = [];

    /// <summary>Running requests that stand on this node or below; above 0, it must stay.</summary>
    public int Users { get; set; }

    /// <summary>The sequence that keeps the cells from the root to here; a leaf always has one.</summary>
    public int Holder { get; set; } = NoHolder;

    public long LastUsed { get; set; }

    /// <summary>Any sequence whose cells cover this node: its own, or one of those below.</summary>
    public int AnyHolder()
    {
        var node = this;
        while (node.Holder == NoHolder)
            node = node.Children.Values.First();
        return node.Holder;
    }

    /// <summary>Cuts the node in two; the upper half is new, this one keeps its holder, its children and its users.</summary>
    public PrefixNode SplitAt(int length)
    {
        var upper = new PrefixNode(Parent, Start, Tokens[..length]) { Users = Users, LastUsed = LastUsed };
        Parent!.Children[upper.Tokens[0]] = upper;
        (Parent, Start, Tokens) = (upper, Start + length, Tokens[length..]);
        upper.Children[Tokens[0]] = this;
        return upper;
    }

    /// <summary>Keeps the first tokens only.</summary>
    public void Shorten(int length) => Tokens = Tokens[..length];
}
