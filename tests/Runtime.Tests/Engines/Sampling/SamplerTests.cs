using Hybrid.Engines.Sampling;
using Hybrid.Targets;

namespace Hybrid.Tests.Engines.Sampling;

public class SamplerTests
{
    private static readonly SamplingOptions Plain = new() { Temperature = 1, TopK = 0, TopP = 1, MinP = 0, Seed = 5 };

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1000)]
    public void Greedy_takes_the_largest_and_of_equals_the_first(int size)
    {
        var random = new Random(size);
        var logits = Enumerable.Range(0, size).Select(_ => (float)random.Next(-50, 50)).ToArray();
        Assert.Equal(Array.IndexOf(logits, logits.Max()), new Sampler(SamplingOptions.Greedy, size).Sample(logits));
    }

    [Fact]
    public void The_same_seed_gives_the_same_tokens_and_another_seed_others()
    {
        var logits = Enumerable.Range(0, 100).Select(i => i % 7 / 3f).ToArray();
        int[] Draw(long seed)
        {
            var sampler = new Sampler(Plain with { Seed = seed }, 100);
            return [.. Enumerable.Range(0, 50).Select(_ => sampler.Sample(logits))];
        }

        Assert.Equal(Draw(1), Draw(1));
        Assert.NotEqual(Draw(1), Draw(2));
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(4, false)]
    [InlineData(0, true)]
    [InlineData(4, true)]
    public void Draws_go_on_behind_those_that_are_passed_over(int topK, bool constrained)
    {
        var logits = Enumerable.Range(0, 10).Select(i => i % 7 / 3f).ToArray();
        Sampler New() => new(Plain with { TopK = topK }, logits.Length, constrained ? new EvenTokens() : null);
        int[] Draw(Sampler sampler, int count) => [.. Enumerable.Range(0, count).Select(_ => sampler.Sample(logits.ToArray()))];
        var whole = Draw(New(), 40);
        for (var cut = 0; cut < whole.Length; cut++)
        {
            var rest = New();
            rest.Skip(cut);
            Assert.Equal(whole[cut..], Draw(rest, whole.Length - cut));
        }
    }

    public static TheoryData<SamplingOptions> Settings =>
    [
        Plain,
        Plain with { Temperature = 0.5f },
        Plain with { Temperature = 2 },
        Plain with { TopK = 4 },
        Plain with { TopP = 0.7f },
        Plain with { MinP = 0.2f },
        Plain with { TopK = 6, TopP = 0.8f, MinP = 0.1f, Temperature = 0.8f },
    ];

    [Theory]
    [MemberData(nameof(Settings))]
    public void Draws_follow_the_distribution_that_the_options_define(SamplingOptions options)
    {
        float[] logits = [0.3f, 2.1f, -1, 1.4f, 0, 2, -3, 0.9f, 1.1f, -0.2f];
        var expected = Reference(logits, options);
        const int Draws = 60_000;
        var sampler = new Sampler(options, logits.Length);
        var counts = new int[logits.Length];
        for (var i = 0; i < Draws; i++)
            counts[sampler.Sample(logits)]++;

        var chiSquare = 0.0;
        for (var i = 0; i < logits.Length; i++)
        {
            if (expected[i] == 0)
                Assert.Equal(0, counts[i]);
            else
                chiSquare += Math.Pow(counts[i] - (Draws * expected[i]), 2) / (Draws * expected[i]);
        }

        // 27.9 is the 99.9 % point for 9 degrees of freedom; the seed is fixed, so this passes or fails for good.
        Assert.True(chiSquare < 27.9, $"chi-square {chiSquare:0.0}");
    }

    [Fact]
    public void A_large_k_and_a_small_one_order_the_candidates_alike()
    {
        var random = new Random(3);
        var logits = Enumerable.Range(0, 2000).Select(_ => random.NextSingle() * 10).ToArray();
        var few = new Sampler(Plain with { TopK = 200, TopP = 0.5f, Seed = 9 }, logits.Length);
        var many = new Sampler(Plain with { TopK = 2000, TopP = 0.5f, Seed = 9 }, logits.Length);
        Assert.InRange(Enumerable.Range(0, 200).Select(_ => few.Sample(logits)).Distinct().Count(), 2, 200);
        Assert.All(Enumerable.Range(0, 200).Select(_ => many.Sample(logits)), token => Assert.True(logits[token] > 5));
    }

    [Fact]
    public void Penalties_count_recent_tokens_only_and_each_in_its_way()
    {
        float[] logits = [2, 1.9f, -1];
        int Next(SamplingOptions options, params int[] said)
        {
            var sampler = new Sampler(options with { Temperature = 0 }, logits.Length);
            foreach (var token in said)
                sampler.Accept(token);
            return sampler.Sample(logits.ToArray());
        }

        Assert.Equal(0, Next(Plain, 0, 0));
        Assert.Equal(1, Next(Plain with { RepetitionPenalty = 1.5f }, 0));
        Assert.Equal(1, Next(Plain with { PresencePenalty = 0.5f }, 0));
        Assert.Equal(0, Next(Plain with { FrequencyPenalty = 0.05f }, 0));
        Assert.Equal(1, Next(Plain with { FrequencyPenalty = 0.06f }, 0, 0));
        Assert.Equal(0, Next(Plain with { PresencePenalty = 0.5f, PenaltyWindow = 2 }, 0, 2, 2));
    }

    [Fact]
    public void A_draw_allocates_nothing()
    {
        var logits = Enumerable.Range(0, 5000).Select(i => MathF.Sin(i)).ToArray();
        var sampler = new Sampler(SamplingOptions.Default with { Seed = 1, RepetitionPenalty = 1.1f }, logits.Length);
        void Draw()
        {
            for (var i = 0; i < 100; i++)
                sampler.Accept(sampler.Sample(logits));
        }

        Draw(); // past what is made once, and past the penalties' window
        Assert.Equal(0, Allocations.Steady(Draw));
    }

    [Theory]
    [MemberData(nameof(Settings))]
    public void Under_a_constraint_the_allowed_tokens_keep_their_shares(SamplingOptions options)
    {
        // Cuts that leave the same tokens with and without the constraint, so that the shares can be told.
        float[] logits = [2, 1.5f, 1, 0.5f];
        var even = new EvenTokens();
        var sampler = new Sampler(options with { TopK = 0, TopP = 1, MinP = 0 }, logits.Length, even);
        const int Draws = 20_000;
        var counts = new int[logits.Length];
        for (var i = 0; i < Draws; i++)
            counts[sampler.Sample(logits.ToArray())]++;
        Assert.Equal(Draws, counts[0] + counts[2]);
        Assert.Equal(1 / (1 + Math.Exp(-1 / options.Temperature)), (double)counts[0] / Draws, 0.02);
    }

    [Fact]
    public void A_constraint_hears_of_the_answer_and_not_of_the_prompt_and_a_dead_end_is_an_error()
    {
        var even = new EvenTokens();
        var sampler = new Sampler(SamplingOptions.Greedy, 3, even);
        sampler.Remember(1);
        Assert.Equal(2, sampler.Sample([0, 2, 1]));
        sampler.Accept(2);
        Assert.Equal([2], even.Accepted);
        var error = Assert.Throws<HybridException>(() => sampler.Sample([float.NegativeInfinity, 2, float.NegativeInfinity]));
        Assert.Equal(HybridError.Internal, error.Error);
    }

    [Theory]
    [InlineData("Temperature")]
    [InlineData("TopP")]
    [InlineData("MinP")]
    [InlineData("TopK")]
    [InlineData("RepetitionPenalty")]
    public void An_option_out_of_range_is_named_with_its_value(string name)
    {
        var options = name switch
        {
            "Temperature" => Plain with { Temperature = float.NaN },
            "TopP" => Plain with { TopP = 0 },
            "MinP" => Plain with { MinP = 1.5f },
            "TopK" => Plain with { TopK = -1 },
            _ => Plain with { RepetitionPenalty = 0 },
        };
        var error = Assert.Throws<HybridException>(() => SamplingOptionsValidator.Validate(options));
        Assert.Equal(HybridError.InvalidRequest, error.Error);
        Assert.StartsWith(name + " is ", error.Message, StringComparison.Ordinal);
    }

    /// <summary>The same definition, written for reading: top-k, then top-p and min-p at temperature 1, then the temperature.</summary>
    private static double[] Reference(float[] logits, SamplingOptions options)
    {
        var order = Enumerable.Range(0, logits.Length).OrderByDescending(i => logits[i]).Take(options.TopK > 0 ? options.TopK : logits.Length).ToList();
        var sum = order.Sum(i => Math.Exp(logits[i]));
        var kept = new List<int>();
        var mass = 0.0;
        foreach (var i in order)
        {
            kept.Add(i);
            mass += Math.Exp(logits[i]) / sum;
            if (mass >= options.TopP)
                break;
        }

        kept.RemoveAll(i => Math.Exp(logits[i] - logits[order[0]]) < options.MinP);
        var total = kept.Sum(i => Math.Exp(logits[i] / options.Temperature));
        return [.. Enumerable.Range(0, logits.Length).Select(i => kept.Contains(i) ? Math.Exp(logits[i] / options.Temperature) / total : 0)];
    }

    private sealed class EvenTokens : ITokenConstraint
    {
        public List<int> Accepted { get; } = [];

        public bool Allows(int token) => token % 2 == 0;

        public void Mask(Span<float> logits)
        {
            for (var token = 1; token < logits.Length; token += 2)
                logits[token] = float.NegativeInfinity;
        }

        public void Accept(int token) => Accepted.Add(token);
    }
}
