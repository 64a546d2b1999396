using Hybrid.Engines.Sampling;
using Hybrid.Targets;

namespace Hybrid.Tests.Engines.Sampling;

/// <summary>What is left to choose among is what the definition leaves, however large the vocabulary and whatever is off.</summary>
public class CandidatesTests
{
    public static TheoryData<int, float, float> Cuts
    {
        get
        {
            var cuts = new TheoryData<int, float, float>();
            foreach (var k in (int[])[0, 1, 40, 256, 257, 600, 100_000])
            {
                foreach (var p in (float[])[1, 0.873f, 0.233f])
                {
                    foreach (var least in (float[])[0, 0.05f, 0.9f])
                        cuts.Add(k, p, least);
                }
            }

            return cuts;
        }
    }

    [Theory]
    [MemberData(nameof(Cuts))]
    public void They_are_those_of_the_definition(int k, float p, float least)
    {
        var options = new SamplingOptions { TopK = k, TopP = p, MinP = least };
        var candidates = new Candidates(options, 3000);
        foreach (var (size, values) in ((int, int)[])[(3000, 1000), (3000, 3), (300, 1_000_000), (20, 5)])
        {
            var logits = LogitScanTests.Logits(size, values, seed: k);
            candidates.Collect(logits);
            Assert.Equal(Expected(logits, options), candidates.Ids.ToArray());
        }
    }

    private static int[] Expected(float[] logits, SamplingOptions options)
    {
        var order = LogitScanTests.Order(logits).Take(options.TopK > 0 ? options.TopK : logits.Length).Where(id => !float.IsNegativeInfinity(logits[id])).ToArray();
        var weights = order.Select(id => Math.Exp(logits[id] - logits[order[0]])).ToArray();
        var (count, mass) = (0, 0.0);
        if (options.TopP < 1)
        {
            while (count < order.Length && mass < options.TopP * weights.Sum())
                mass += weights[count++];
        }
        else
        {
            count = order.Length;
        }

        return [.. order.Take(count).Where(id => logits[order[0]] - logits[id] <= -MathF.Log(options.MinP))];
    }
}
