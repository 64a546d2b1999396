using System.Numerics.Tensors;
using Hybrid.Targets;

namespace Hybrid.Engines.Sampling;

/// <summary>The tokens that a draw chooses among: what top-k, then top-p, then min-p leave, the likeliest first.</summary>
/// <remarks>Its room grows only where an answer's distribution is flatter than any before.</remarks>
internal sealed class Candidates
{
    // Up to so many are kept sorted in one pass over the logits; more are gathered first and sorted then.
    private const int MostInserted = 256;
    private const float FirstReach = 4;
    private const float LastReach = 64; // below e^-64 of the largest, 128k tokens together are nothing
    private readonly SamplingOptions _options;
    private readonly float _deepest;
    private float[] _keys;
    private float[] _weights;
    private int[] _ids;
    private ulong[] _order = [];

    public Candidates(SamplingOptions options, int vocabularySize)
    {
        _options = options;
        _deepest = options.MinP > 0 ? -MathF.Log(options.MinP) : float.PositiveInfinity;
        var room = Math.Min(options.TopK > 0 ? Math.Min(options.TopK, MostInserted) : MostInserted, vocabularySize);
        (_keys, _weights, _ids) = (new float[room], new float[room], new int[room]);
    }

    public int Count { get; private set; }

    public ReadOnlySpan<int> Ids => _ids.AsSpan(0, Count);

    /// <summary>Finds them.</summary>
    public void Collect(ReadOnlySpan<float> logits)
    {
        var k = _options.TopK > 0 ? Math.Min(_options.TopK, logits.Length) : logits.Length;
        double? mass = null;
        if (k <= MostInserted)
            Count = LogitScan.Top(logits, _keys.AsSpan(0, k), _ids);
        else
            mass = Gather(logits, k);
        while (Count > 1 && float.IsNegativeInfinity(_keys[Count - 1]))
            Count--;
        if (_options.TopP < 1)
            CutMass(mass);
        while (Count > 1 && _keys[0] - _keys[Count - 1] > _deepest)
            Count--;
    }

    /// <summary>Their weights at a temperature, the largest being 1; valid until the next call.</summary>
    public ReadOnlySpan<float> Weights(float temperature)
    {
        LogitWeights.Of(_keys.AsSpan(0, Count), _keys[0], temperature, _weights);
        return _weights.AsSpan(0, Count);
    }

    /// <summary>Leaves the fewest that have enough of the mass; where that is not given, it is theirs.</summary>
    private void CutMass(double? mass)
    {
        var weights = Weights(1);
        var wanted = _options.TopP * (mass ?? TensorPrimitives.Sum(weights));
        var kept = 0.0;
        for (var i = 0; i < weights.Length; i++)
        {
            kept += weights[i];
            if (kept < wanted)
                continue;
            Count = i + 1;
            return;
        }
    }

    /// <summary>Gathers those within a reach of the largest, further and further down until no other can be left in.</summary>
    /// <returns>The mass of all logits, where a share of it counts.</returns>
    private double? Gather(ReadOnlySpan<float> logits, int k)
    {
        var largest = logits[LogitScan.IndexOfMax(logits)];
        double? mass = k == logits.Length && _options.TopP < 1 ? LogitWeights.Sum(logits, largest) : null;
        for (var reach = FirstReach; ; reach *= 2)
        {
            var all = reach > LastReach;
            var floor = all ? float.NegativeInfinity : largest - reach;
            var count = LogitScan.AtLeast(floor, logits, _ids);
            if (count > _ids.Length)
            {
                Grow(count, logits.Length);
                LogitScan.AtLeast(floor, logits, _ids);
            }

            Sort(logits, count);
            Count = Math.Min(count, k);
            if (all || count >= k || (k == logits.Length && (reach >= _deepest || TensorPrimitives.Sum(Weights(1)) >= _options.TopP * mass)))
                return mass;
        }
    }

    private void Grow(int count, int most)
    {
        var room = Math.Min(Math.Max(count, _ids.Length * 2), most);
        (_keys, _weights, _ids) = (new float[room], new float[room], new int[room]);
    }

    /// <summary>Sorts by falling logit and rising id, both in one number.</summary>
    private void Sort(ReadOnlySpan<float> logits, int count)
    {
        if (_order.Length < count)
            _order = new ulong[_ids.Length];
        for (var i = 0; i < count; i++)
        {
            var bits = BitConverter.SingleToInt32Bits(logits[_ids[i]] + 0f); // negative zero becomes zero
            var rising = (uint)(bits ^ ((bits >> 31) | int.MinValue)); // the order of floats as that of unsigned numbers
            _order[i] = ((ulong)~rising << 32) | (uint)_ids[i];
        }

        _order.AsSpan(0, count).Sort();
        for (var i = 0; i < count; i++)
        {
            _ids[i] = (int)(uint)_order[i];
            _keys[i] = logits[_ids[i]];
        }
    }
}
