using Hybrid.Accounting;
using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Tests.Accounting.Predictors;

/// <summary>A target in simulated time whose pace has noise, outliers and drift, and the predictions that a user of the policy would have seen.</summary>
internal sealed record NoisyTarget
{
    private const int FirstRequests = 200;

    public double Sigma { get; init; } = 0.2;

    /// <summary>The share of answers that take five times as long.</summary>
    public double Outliers { get; init; }

    /// <summary>The pace by the number of the request, 1 is usual.</summary>
    public Func<int, double> Pace { get; init; } = _ => 1;

    /// <summary>The cached share of a prompt, from a number between 0 and 1.</summary>
    public Func<double, double> Cached { get; init; } = _ => 0;

    /// <summary>The policy's count of a prompt of so many tokens, from a number between 0 and 1.</summary>
    public Func<int, double, int> Estimate { get; init; } = (tokens, _) => tokens;

    public TimeSpan Between { get; init; } = TimeSpan.FromSeconds(10);

    public TargetDescriptor Descriptor { get; init; } = new()
    {
        Name = "t",
        Model = "m",
        Zone = Zone.Site,
        PrefillTokensPerSecond = 300, // the truth is 1000
        DecodeTokensPerSecond = 20, // the truth is 60
        RoundTrip = TimeSpan.FromMilliseconds(20), // the truth is 150 ms
    };

    public Outcome Run(int requests, int seed, int skip = FirstRequests)
    {
        var random = new Random(seed);
        var time = new ManualTimeProvider();
        var predictor = new TargetPredictor(Descriptor, time);
        List<double> errors = [];
        List<double> errorsOfTheMiddle = [];
        var (held, tokensHeld, tokens) = (0, 0, 0);
        for (var i = 0; i < skip + requests; i++)
        {
            var input = (int)Math.Exp(Math.Log(10) + (random.NextDouble() * Math.Log(400))); // 10 to 4,000
            var cached = (int)(input * Cached(random.NextDouble()));
            var usual = (0.15 + ((input - cached) / 1000.0)) * Pace(i);
            var first = usual * Noise(random);
            var perToken = Pace(i) / 60 * Noise(random);
            var target = new TargetSnapshot(Descriptor, TargetState.Warm, predictor.Snapshot());
            var expected = Estimate(input, random.NextDouble());
            var (low, middle, high) = (First(0.025), First(0.5), First(0.975));
            var (lowToken, highToken) = (Token(0.025), Token(0.975));
            if (i >= skip)
            {
                errors.Add(Math.Abs(middle - first) / first);
                errorsOfTheMiddle.Add(Math.Abs(middle - usual) / usual);
                held += first >= low && first <= high ? 1 : 0;
                tokensHeld += perToken >= lowToken && perToken <= highToken ? 1 : 0;
                tokens++;
            }

            predictor.Observe(Answer(input, cached, first, perToken), new RequestProfile { PromptTokens = expected }, TargetState.Warm);
            time.Advance(Between);

            double First(double quantile) => Prediction.Of(new() { PromptTokens = expected }, target, quantile).FirstTokenSeconds;
            double Token(double quantile) => target.Rates.PerTokenSpread.At(quantile) / target.Rates.DecodeTokensPerSecond;
        }

        return new(Median(errors), Median(errorsOfTheMiddle), (double)held / tokens, (double)tokensHeld / tokens);
    }

    public static Receipt Answer(int input, int cached, double firstSeconds, double secondsPerToken) => new()
    {
        Target = "t",
        Model = "m",
        Zone = Zone.Site,
        InputTokens = input,
        CachedTokens = cached,
        OutputTokens = 101,
        TimeToFirstToken = TimeSpan.FromSeconds(firstSeconds),
        DecodeTime = TimeSpan.FromSeconds(100 * secondsPerToken),
    };

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private double Noise(Random random)
    {
        var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        return Math.Exp(Sigma * normal) * (random.NextDouble() < Outliers ? 5 : 1);
    }

    /// <summary>What became of the predictions.</summary>
    /// <param name="Error">The median of |predicted − measured| / measured of the time to the first token.</param>
    /// <param name="ErrorOfTheMiddle">The same against what the target usually takes, without the noise that nobody can predict.</param>
    /// <param name="Held">How often the time to the first token was in the stated 95 % band.</param>
    /// <param name="HeldPerToken">The same of the time per token.</param>
    public sealed record Outcome(double Error, double ErrorOfTheMiddle, double Held, double HeldPerToken);
}
