using Hybrid.Targets;

namespace Hybrid.Streaming;

/// <summary>How sure a model was of its latest tokens: the geometric mean of their probabilities.</summary>
internal sealed class Confidence
{
    /// <summary>Tokens that count; fewer say nothing.</summary>
    public const int Window = 16;

    private readonly float[] _latest = new float[Window];
    private int _count;
    private double _sum;

    /// <summary>0 to 1; null while fewer tokens are known than count.</summary>
    public double? Value => _count >= Window ? Math.Exp(_sum / Window) : null;

    public void Hear(IReadOnlyList<TokenScore> scores)
    {
        for (var i = 0; i < scores.Count; i++)
        {
            ref var oldest = ref _latest[_count++ % Window];
            var heard = Math.Max(scores[i].LogProbability, -30); // of what was all but impossible, one token shall not decide for good
            _sum += heard - oldest;
            oldest = heard;
        }
    }

    public void Clear()
    {
        Array.Clear(_latest);
        (_count, _sum) = (0, 0);
    }
}
