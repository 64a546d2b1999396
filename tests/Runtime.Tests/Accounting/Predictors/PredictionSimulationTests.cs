using Hybrid.Accounting;

namespace Hybrid.Tests.Accounting.Predictors;

/// <summary>After 200 requests: the p50 error of the predicted time to the first token, and how often the stated 95 % band held.</summary>
public class PredictionSimulationTests
{
    private const int Requests = 4000;
    private const double IrreducibleError = 0.6745; // of a lognormal, in sigmas

    private static readonly Dictionary<string, NoisyTarget> Shapes = new()
    {
        ["sigma 0.1"] = new() { Sigma = 0.1 },
        ["sigma 0.2"] = new() { Sigma = 0.2 },
        ["sigma 0.4"] = new() { Sigma = 0.4 },
        ["outliers"] = new() { Sigma = 0.1, Outliers = 0.02 },
        ["sigma 0.2 and outliers"] = new() { Sigma = 0.2, Outliers = 0.02 },
        ["the pace halves and doubles"] = new() { Sigma = 0.1, Pace = i => Math.Pow(2, Math.Sin(i * 2 * Math.PI / 1000)) },
        ["the pace wanders, with outliers"] = new() { Sigma = 0.15, Outliers = 0.02, Pace = i => Math.Pow(1.5, Math.Sin(i * 2 * Math.PI / 700)) },
        ["the pace jumps"] = new() { Sigma = 0.15, Pace = i => (i / 500 % 2) == 0 ? 1 : 2 },
        ["some of the prompt is cached"] = new() { Sigma = 0.1, Cached = chance => 0.2 + (0.3 * chance) },
        ["tokens are estimated"] = new() { Sigma = 0.1, Estimate = (tokens, chance) => (int)(tokens * (0.7 + (0.2 * chance))) },
        ["a request in five minutes"] = new() { Sigma = 0.15, Between = TimeSpan.FromMinutes(5) },
    };

    public static TheoryData<string, int> Runs => new(Shapes.Keys.SelectMany(shape => new[] { 1, 2 }, (shape, seed) => (shape, seed)));

    [Theory]
    [MemberData(nameof(Runs))]
    public void Predictions_are_right_and_their_bands_are_honest(string shape, int seed)
    {
        var target = Shapes[shape];
        var outcome = target.Run(Requests, seed);
        TestContext.Current.TestOutputHelper!.WriteLine($"{shape}, seed {seed}: {outcome}");
        Assert.InRange(outcome.Held, 0.93, 0.97);
        Assert.InRange(outcome.HeldPerToken, 0.93, 0.97);
        Assert.InRange(outcome.ErrorOfTheMiddle, 0, 0.15);
        // Noise of sigma 0.4 alone makes a median error of 27 %.
        Assert.InRange(outcome.Error, 0, Math.Max(0.15, IrreducibleError * target.Sigma * 1.1));
    }

    [Fact]
    public void Bands_of_the_young_are_wide_and_hold()
    {
        var held = Enumerable.Range(1, 200).Average(seed => new NoisyTarget { Sigma = 0.2 }.Run(40, seed, skip: 1).Held);
        Assert.InRange(held, 0.92, 1);
    }
}
