namespace Hybrid.Engines.LlamaCpp.Prefixes;

/// <summary>What the KV cache holds, as a radix tree over token sequences: plans its memory, shares prefixes, evicts by least recent use.</summary>
/// <remarks>
/// For the decode thread alone. What running requests may still fill is reserved when they are admitted, so that a step never
/// finds the cache full: cells of requests that ended only fill what nobody has claimed yet, and give way when it is claimed.
/// </remarks>
internal sealed class PrefixTree
{
    // Below this a prefix is not worth the marks.
    private const int LeastShared = 4;

    // What is evicted at once, so that a request that grows does not evict at every step.
    private const int EvictionStep = 64;
    private readonly IKvCells _cells;
    private readonly int _capacity;
    private readonly int _keep;
    private readonly Stack<int> _freeSequences;
    private readonly PrefixNode _root = new(null, 0, []) { Users = 1 };
    private int _treeTokens;
    private int _pinnedTreeTokens;
    private int _ownFilled;
    private int _ownLimit;
    private long _clock;

    /// <param name="cells">Where marks are set and taken off.</param>
    /// <param name="capacity">Cells of the cache.</param>
    /// <param name="keep">Cells that may stay filled for nobody; 0 turns reuse off.</param>
    /// <param name="sequences">Sequence ids there are.</param>
    public PrefixTree(IKvCells cells, int capacity, int keep, int sequences)
    {
        (_cells, _capacity, _keep) = (cells, capacity, keep);
        _freeSequences = new(Enumerable.Range(0, sequences).Reverse());
    }

    /// <summary>Cells that hold something.</summary>
    public int Used => _treeTokens + _ownFilled;

    /// <summary>Whether what one request filled may serve another.</summary>
    public bool Reuses => _keep > 0;

    private int Idle => _treeTokens - _pinnedTreeTokens;

    /// <summary>How many of the prompt's first tokens are cached.</summary>
    public int Match(ReadOnlySpan<int> prompt)
    {
        var (node, length) = Find(prompt);
        return node.Start + length;
    }

    /// <summary>Starts a request on the longest cached prefix; null where its cells cannot be had before another request ends.</summary>
    /// <param name="prompt">The prompt's tokens; at least one of them is left to decode.</param>
    /// <param name="limit">Cells it may fill, prompt included; at most the capacity.</param>
    public PrefixLease? Admit(ReadOnlySpan<int> prompt, int limit)
    {
        var (node, length) = _keep > 0 ? Find(prompt[..^1]) : (_root, 0);
        var shared = node.Start + length;
        if (shared < LeastShared)
            (node, length, shared) = (_root, 0, 0);
        if (_pinnedTreeTokens + Unpinned(node, length) + _ownLimit + limit - shared > _capacity)
            return null;
        if (length > 0 && length < node.Tokens.Length)
            node = node.SplitAt(length);
        Pin(node);
        if (TakeSequence() is not { } sequence)
        {
            Unpin(node);
            return null;
        }

        if (shared > 0)
            _cells.Share(node.AnyHolder(), sequence, 0, shared);
        _ownLimit += limit - shared;
        return new(sequence, node, limit);
    }

    /// <summary>Makes room for what a step adds; that there is room was planned when the requests were admitted.</summary>
    public void Reserve(int tokens)
    {
        while (_capacity - Used < tokens)
            Evict(Math.Max(tokens - (_capacity - Used), EvictionStep));
    }

    /// <summary>Tells that a step filled cells, or that the last of them were taken back.</summary>
    public void Fill(PrefixLease lease, int filled)
    {
        _ownFilled += filled - lease.Filled;
        lease.Filled = filled;
    }

    /// <summary>Lets others share what a running request has filled so far.</summary>
    /// <param name="lease">The request.</param>
    /// <param name="tokens">All its tokens, as many as are filled or more.</param>
    public void Publish(PrefixLease lease, ReadOnlySpan<int> tokens)
    {
        if (_keep == 0 || lease.Filled == lease.Node.End)
            return;
        var old = lease.Node;
        var (ownFilled, ownLimit) = (lease.Filled - old.End, lease.Limit - old.End);
        var node = Insert(old, tokens[..lease.Filled], lease.Sequence);
        _ownFilled -= ownFilled;
        _ownLimit -= ownLimit - (lease.Limit - node.End);
        Pin(node);
        Unpin(old);
        if (old.Holder == lease.Sequence)
            old.Holder = PrefixNode.NoHolder;
        if (node.Holder == PrefixNode.NoHolder && node.Children.Count == 0)
            node.Holder = lease.Sequence;
        lease.Node = node;
    }

    /// <summary>Ends a request; what it filled stays for others while there is room.</summary>
    public void Release(PrefixLease lease, ReadOnlySpan<int> tokens)
    {
        Publish(lease, tokens);
        var node = lease.Node;
        _ownFilled -= lease.Filled - node.End;
        _ownLimit -= lease.Limit - node.End;
        Unpin(node);
        if (node.Holder == lease.Sequence)
            _cells.Forget(lease.Sequence, node.End, -1);
        else
            Drop(lease.Sequence);
        while (Idle > _keep)
            Evict(Math.Max(Idle - _keep, EvictionStep));
    }

    /// <summary>A sequence for cells that come from elsewhere, with room made for them; null where there is none.</summary>
    public int? Take(int tokens)
    {
        if (_keep == 0 || _pinnedTreeTokens + _ownLimit + tokens > _capacity || TakeSequence() is not { } sequence)
            return null;
        Reserve(tokens);
        return sequence;
    }

    /// <summary>Adds cells that were filled under a sequence of <see cref="Take"/>.</summary>
    public void Adopt(int sequence, ReadOnlySpan<int> tokens)
    {
        var node = Insert(_root, tokens, sequence);
        if (node.Holder == PrefixNode.NoHolder && node.Children.Count == 0)
            node.Holder = sequence;
        if (node.Holder != sequence)
            Drop(sequence);
        while (Idle > _keep)
            Evict(Math.Max(Idle - _keep, EvictionStep));
    }

    /// <summary>Gives back a sequence, and the cells that no other has a mark on.</summary>
    public void Drop(int sequence)
    {
        _cells.Forget(sequence, 0, -1);
        _freeSequences.Push(sequence);
    }

    /// <summary>A sequence with the marks of the prompt's cached prefix alone; its length, and null where nothing is cached.</summary>
    public (int? Sequence, int Length) Borrow(ReadOnlySpan<int> prompt)
    {
        var (node, length) = Find(prompt);
        var cached = node.Start + length;
        if (cached == 0)
            return (null, 0);
        Pin(node);
        var sequence = TakeSequence();
        Unpin(node);
        if (sequence is { } taken)
            _cells.Share(node.AnyHolder(), taken, 0, cached);
        return (sequence, cached);
    }

    /// <summary>The deepest node that the tokens lead to, and how many of its own tokens match.</summary>
    private (PrefixNode Node, int Length) Find(ReadOnlySpan<int> tokens)
    {
        var (node, length) = (_root, 0);
        while (length == node.Tokens.Length && node.End < tokens.Length && node.Children.TryGetValue(tokens[node.End], out var child))
        {
            node = child;
            node.LastUsed = ++_clock;
            length = node.Tokens.AsSpan().CommonPrefixLength(tokens[node.Start..]);
        }

        return (node, length);
    }

    /// <summary>Adds the tokens after a node; cells that the tree already has take the place of the sequence's own.</summary>
    private PrefixNode Insert(PrefixNode from, ReadOnlySpan<int> tokens, int sequence)
    {
        var (node, length) = Find(tokens);
        var shared = node.Start + length;
        if (shared > from.End)
        {
            if (length < node.Tokens.Length)
                node = node.SplitAt(length);
            _cells.Forget(sequence, from.End, shared);
            _cells.Share(node.AnyHolder(), sequence, from.End, shared);
        }
        else
        {
            node = from;
        }

        if (node.End == tokens.Length)
            return node;
        var leaf = new PrefixNode(node, node.End, tokens[node.End..].ToArray()) { LastUsed = ++_clock };
        node.Children.Add(leaf.Tokens[0], leaf);
        _treeTokens += leaf.Tokens.Length;
        return leaf;
    }

    private void Evict(int tokens)
    {
        var leaf = Oldest(_root) ?? throw new HybridException(HybridError.Internal, $"The KV cache plan is broken: {Used} of {_capacity} cells are used and none may be freed.");
        var gone = Math.Min(tokens, leaf.Tokens.Length);
        _treeTokens -= gone;
        if (gone < leaf.Tokens.Length)
        {
            leaf.Shorten(leaf.Tokens.Length - gone);
            _cells.Forget(leaf.Holder, leaf.End, -1);
            return;
        }

        Remove(leaf);
    }

    /// <summary>Takes a leaf out; its parent inherits the sequence where nothing else keeps the parent's cells.</summary>
    private void Remove(PrefixNode leaf)
    {
        var parent = leaf.Parent!;
        parent.Children.Remove(leaf.Tokens[0]);
        if (parent != _root && parent.Children.Count == 0 && parent.Holder == PrefixNode.NoHolder)
        {
            parent.Holder = leaf.Holder;
            _cells.Forget(leaf.Holder, leaf.Start, -1);
        }
        else
        {
            Drop(leaf.Holder);
        }
    }

    private static PrefixNode? Oldest(PrefixNode node)
    {
        PrefixNode? oldest = null;
        foreach (var child in node.Children.Values)
        {
            var candidate = child.Children.Count > 0 ? Oldest(child) : child.Users == 0 ? child : null;
            if (candidate is not null && (oldest is null || candidate.LastUsed < oldest.LastUsed))
                oldest = candidate;
        }

        return oldest;
    }

    private int? TakeSequence()
    {
        while (_freeSequences.Count == 0 && Oldest(_root) is { } leaf)
        {
            _treeTokens -= leaf.Tokens.Length;
            Remove(leaf);
        }

        return _freeSequences.Count > 0 ? _freeSequences.Pop() : null;
    }

    /// <summary>Tokens that a request on this node would pin and that nobody pins yet.</summary>
    private static int Unpinned(PrefixNode node, int length)
    {
        var tokens = 0;
        for (var at = node; at is { Users: 0 }; at = at.Parent)
            tokens += at == node ? length : at.Tokens.Length;
        return tokens;
    }

    private void Pin(PrefixNode node)
    {
        for (var at = node; at is not null; at = at.Parent)
        {
            if (at.Users++ == 0)
                _pinnedTreeTokens += at.Tokens.Length;
        }
    }

    private void Unpin(PrefixNode node)
    {
        for (var at = node; at is not null; at = at.Parent)
        {
            if (--at.Users == 0)
                _pinnedTreeTokens -= at.Tokens.Length;
        }
    }
}
