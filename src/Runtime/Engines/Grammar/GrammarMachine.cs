using System.Runtime.InteropServices;

namespace Hybrid.Engines.Grammar;

/// <summary>Follows a text through a grammar, character by character. For one thread.</summary>
/// <remarks>
/// A way through the grammar is a stack of places where rules go on. All ways that are open at once make a state; states and
/// the steps between them are found when they are first needed and kept, so that the same step costs one look-up afterwards.
/// An ambiguous grammar can have more open ways with every character: their number is bounded, and so is the work for one token.
/// </remarks>
internal sealed class GrammarMachine
{
    /// <summary>The state in which nothing is open: the text does not keep the grammar.</summary>
    public const int Dead = 0;

    private const int MostWays = 4096;
    private const int MostWork = 20_000_000; // about 0.1 s
    private const int MostNodes = 1 << 19;
    private const int MostSteps = 1 << 19;
    private const int MostTables = 1 << 12;
    private const int Wide = 128; // stands for all beyond ASCII
    private const int Bottom = 0;
    private readonly GrammarRules _rules;
    private readonly Dictionary<(int At, int Below), int> _nodeNumbers = [];
    private readonly List<(int At, int Below)> _nodes = [];
    private readonly List<int> _marks = [];
    private readonly Dictionary<int[], int> _stateNumbers = new(StateComparer.Instance);
    private readonly List<int[]> _states = [];
    private readonly List<bool> _treatWideAlike = []; // whether any character beyond ASCII does what another does
    private readonly List<int[]?> _tables = [];
    private readonly Dictionary<(int State, int Character), int> _steps = [];
    private readonly List<int> _ways = [];
    private readonly Stack<int> _pending = new();
    private int _tableCount;
    private int _mark;
    private int _work;

    public GrammarMachine(GrammarRules rules)
    {
        _rules = rules;
        Forget();
        _mark++;
        foreach (var start in rules.Alternatives[rules.Root])
            Expand(Behind(start, Bottom));
        Start = TakeState();
    }

    /// <summary>The state before the first character.</summary>
    public int Start { get; }

    /// <summary>Whether the text may end here.</summary>
    public bool MayEnd(int state) => _states[state] is [Bottom, ..];

    /// <summary>The state behind a character; <see cref="Dead"/> where it may not come.</summary>
    public int Step(int state, int character)
    {
        if (character > Wide && _treatWideAlike[state])
            character = Wide;
        if (character <= Wide && Table(state) is { } table)
            return table[character] >= 0 ? table[character] : table[character] = Find(state, character);
        if (_steps.TryGetValue((state, character), out var next))
            return next;
        return _steps[(state, character)] = Find(state, character);
    }

    /// <summary>Whether one of these characters may come.</summary>
    public bool MayGoOn(int state, int first, int last)
    {
        Spend(_states[state].Length);
        foreach (var way in _states[state])
        {
            if (way != Bottom && SetAt(way).Overlaps(first, last))
                return true;
        }

        return false;
    }

    /// <summary>Begins the work for another token; what was learned is given up where it fills too much memory.</summary>
    /// <returns>The state's number from now on.</returns>
    public int Renew(int state)
    {
        _work = 0;
        if (_nodes.Count < MostNodes && _steps.Count < MostSteps)
            return state;
        var (nodes, ways) = (_nodes.ToArray(), _states[state]);
        Forget();
        foreach (var way in ways)
            _ways.Add(Copy(nodes, way));
        return _nodes.Count < MostNodes / 2
            ? TakeState()
            : throw new HybridException(HybridError.InvalidRequest, "The answer is nested too deep for its grammar. What was delivered stands; ask for less depth.");
    }

    /// <summary>The steps of a state over ASCII and one beyond it, -1 where one is not known; null where there are too many states for that.</summary>
    private int[]? Table(int state)
    {
        if (_tables[state] is { } known)
            return known;
        if (_tableCount == MostTables)
            return null;
        _tableCount++;
        var table = new int[Wide + 1];
        Array.Fill(table, -1);
        return _tables[state] = table;
    }

    private int Find(int state, int character)
    {
        _mark++;
        var ways = _states[state];
        Spend(ways.Length);
        foreach (var way in ways)
        {
            if (way != Bottom && SetAt(way).Contains(character))
                Expand(Behind(_nodes[way].At + 1, _nodes[way].Below));
        }

        return TakeState();
    }

    /// <summary>Adds the ways that lead from a place to its next character.</summary>
    private void Expand(int first)
    {
        _pending.Push(first);
        while (_pending.TryPop(out var node))
        {
            Spend(8);
            if (_marks[node] == _mark)
                continue;
            _marks[node] = _mark;
            var (at, below) = _nodes[node];
            if (node == Bottom || !GrammarRules.IsRule(_rules.Symbols[at]))
            {
                _ways.Add(node);
                if (_ways.Count > MostWays)
                    throw TooAmbiguous();
                continue;
            }

            var rest = Behind(at + 1, below);
            foreach (var start in _rules.Alternatives[_rules.Symbols[at] >> 1])
                _pending.Push(Behind(start, rest));
        }
    }

    private int TakeState()
    {
        var ways = CollectionsMarshal.AsSpan(_ways);
        ways.Sort();
        var states = _stateNumbers.GetAlternateLookup<ReadOnlySpan<int>>();
        if (!states.TryGetValue(ways, out var state))
        {
            _states.Add(ways.ToArray());
            _tables.Add(null);
            _treatWideAlike.Add(_ways.TrueForAll(way => way == Bottom || SetAt(way).TreatsWideAlike));
            states[ways] = state = _states.Count - 1;
        }

        _ways.Clear();
        return state;
    }

    /// <summary>The node of a place; what is below it where its alternative has ended, so that a loop does not grow the stack.</summary>
    private int Behind(int at, int below)
    {
        if (_rules.Symbols[at] == GrammarRules.End)
            return below;
        ref var node = ref CollectionsMarshal.GetValueRefOrAddDefault(_nodeNumbers, (at, below), out var known);
        if (!known)
            node = AddNode(at, below);
        return node;
    }

    private int AddNode(int at, int below)
    {
        _nodes.Add((at, below));
        _marks.Add(0);
        return _nodes.Count - 1;
    }

    private int Copy((int At, int Below)[] nodes, int way)
    {
        var path = new Stack<int>();
        for (; way != Bottom; way = nodes[way].Below)
            path.Push(nodes[way].At);
        var copy = Bottom;
        while (path.TryPop(out var at))
            copy = Behind(at, copy);
        return copy;
    }

    private void Forget()
    {
        _nodeNumbers.Clear();
        _nodes.Clear();
        _marks.Clear();
        _stateNumbers.Clear();
        _states.Clear();
        _treatWideAlike.Clear();
        _tables.Clear();
        _tableCount = 0;
        _steps.Clear();
        AddNode(0, 0);
        TakeState();
    }

    private CharacterSet SetAt(int node) => _rules.Sets[_rules.Symbols[_nodes[node].At] >> 1];

    private void Spend(int work)
    {
        if ((_work += work) > MostWork)
            throw TooAmbiguous();
    }

    private static HybridException TooAmbiguous() => new(HybridError.InvalidRequest,
        $"The grammar is too ambiguous: more than {MostWays} ways through it are open at once, or too many open with one token. What was delivered stands; write it so that a character decides between alternatives.");

    private sealed class StateComparer : IEqualityComparer<int[]>, IAlternateEqualityComparer<ReadOnlySpan<int>, int[]>
    {
        public static StateComparer Instance { get; } = new();

        public bool Equals(int[]? x, int[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(int[] ways) => GetHashCode(ways.AsSpan());

        public bool Equals(ReadOnlySpan<int> alternate, int[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(ReadOnlySpan<int> ways)
        {
            var hash = default(HashCode);
            hash.AddBytes(MemoryMarshal.AsBytes(ways));
            return hash.ToHashCode();
        }

        public int[] Create(ReadOnlySpan<int> alternate) => alternate.ToArray();
    }
}
