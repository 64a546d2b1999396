using Hybrid.Accounting;
using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Tests.Policy;

/// <summary>Policies, targets and requests of every kind: mostly as people have them, often with a figure that nobody should have.</summary>
internal sealed class AnyInput(Random random)
{
    private static readonly double[] OddNumbers = [double.NaN, double.PositiveInfinity, double.NegativeInfinity, -1, -1e-12, 0, -0.0, double.Epsilon, 1e300, double.MaxValue, double.MinValue];
    private static readonly int[] OddCounts = [int.MinValue, -1, 0, 1, int.MaxValue];
    private static readonly TimeSpan[] OddTimes = [TimeSpan.MinValue, TimeSpan.FromSeconds(-1), TimeSpan.Zero, TimeSpan.FromTicks(1), TimeSpan.MaxValue];
    private static readonly string[] Names = ["t0", "t1", "t2", "t3", ""];
    private static readonly Zone[] Zones = [Zone.Device, Zone.Site, Zone.Region("eu"), Zone.Region("us"), Zone.Public, default];

    /// <summary>How likely each figure is odd, 0 to 1.</summary>
    private double _odd;

    public RoutingPolicy Policy()
    {
        _odd = random.Next(4) == 0 ? 0.1 : 0;
        return new()
        {
            Name = One(Names),
            LatencyQuantile = Number(0.05, 0.99),
            DollarsPerSecond = Number(1e-5, 1e-1),
            DollarsPerTonCarbon = Number(1, 1e6),
            DollarsPerQualityPoint = Number(1e-7, 1e-2),
            MaxDollarsPerRequest = Maybe(() => Number(1e-5, 1e-1)),
            MaxGramsPerRequest = Maybe(() => Number(1e-3, 10)),
            MaxTimeToFirstToken = Maybe(() => Time(0.1, 60)),
            MaxTimePerToken = Maybe(() => Time(0.001, 0.5)),
            MinBattery = random.Next(4) == 0 ? random.NextDouble() : null,
            MaxCelsius = random.Next(4) == 0 ? random.Next(40, 100) : null,
            AvoidMetered = random.Next(4) == 0,
            AllowedTargets = random.Next(8) == 0 ? [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => One(Names))] : [],
            AllowedZones = random.Next(8) == 0 ? [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => One(Zones))] : [],
            Offline = random.Next(12) == 0,
        };
    }

    public RequestProfile Profile()
    {
        _odd = random.Next(4) == 0 ? 0.15 : 0;
        return new()
        {
            PromptTokens = Count(1, 4000),
            ContinuationTokens = random.Next(3) == 0 ? Count(1, 500) : 0,
            ExpectedOutputTokens = Count(1, 1000),
            OutputTokensAtQuantile = random.Next(4) == 0 ? Count(1, 1000) : null,
            MaxOutputTokens = random.Next(4) == 0 ? Count(1, 1000) : null,
            Privacy = _odd > 0 && random.Next(4) == 0 ? (PrivacyClass)random.Next(-2, 7) : (PrivacyClass)random.Next(4),
            TimeLeft = Maybe(() => Time(0.1, 100)),
            MaxTimeToFirstToken = Maybe(() => Time(0.1, 60)),
            MaxTimePerToken = Maybe(() => Time(0.001, 0.5)),
            DollarsLeft = Maybe(() => Number(1e-5, 1e-1)),
            GramsLeft = Maybe(() => Number(1e-3, 10)),
            Needs = random.Next(8) == 0 ? (TargetCapabilities)random.Next(-1, 512) : TargetCapabilities.Chat,
            Target = random.Next(16) == 0 ? One(Names) : null,
            Model = random.Next(16) == 0 ? One(["m0", "m1", ""]) : null,
        };
    }

    public TargetSnapshot Target(int index)
    {
        _odd = random.Next(3) == 0 ? 0.12 : 0;
        var descriptor = new TargetDescriptor
        {
            Name = random.Next(20) == 0 ? "" : $"t{index}",
            Model = One(["m0", "m1", ""]),
            Zone = One(Zones),
            ContextLength = random.Next(3) == 0 ? Count(256, 8192) : int.MaxValue,
            Capabilities = random.Next(4) == 0 ? (TargetCapabilities)random.Next(512) : (TargetCapabilities)511,
            ParametersBillions = Number(0.1, 100),
            Quality = Maybe(() => Number(0.1, 1)),
            DollarsPerMillionInputTokens = Number(0.01, 10),
            DollarsPerMillionCachedTokens = Maybe(() => Number(0.01, 1)),
            DollarsPerMillionOutputTokens = Number(0.01, 30),
            DollarsPerHour = Number(0.01, 10),
            IdleDollarsPerHour = Number(0.01, 10),
            StaysWarm = Time(1, 600),
            ActiveWatts = Number(1, 1000),
            PowerUsageEffectiveness = Number(1, 2),
            EmbodiedGramsPerHour = Number(1, 100),
            GramsPerKilowattHour = Number(10, 1000),
        };
        return new(
            descriptor,
            new((TargetReadiness)random.Next(5), "", Queue(), Queue(), Queue()),
            new(Number(50, 10_000), Number(5, 500), Time(0.001, 1), Time(0.1, 60), random.Next(100))
            {
                FirstTokenSpread = Level(Number(0.5, 3)),
                PerTokenSpread = Level(Number(0.5, 3)),
                WaitPerBusySlot = random.Next(3) == 0 ? Time(0.001, 1) : TimeSpan.Zero,
                QueueFactor = random.Next(3) == 0 ? Number(0.1, 3) : 1,
                CachedShare = random.Next(3) == 0 ? Number(0.01, 1) : 0,
                FailureProbability = random.Next(3) == 0 ? Number(0.001, 1) : 0,
            })
        {
            Grid = random.Next(3) == 0 ? new(Number(10, 1000), IntensityKind.Average, "any", (IntensityProvenance)random.Next(4)) : null,
            BatteryLeft = random.Next(4) == 0 ? random.NextDouble() : null,
            Celsius = random.Next(4) == 0 ? random.Next(20, 110) : null,
            IsMetered = random.Next(4) == 0,
            PriceFactor = random.Next(4) == 0 ? Number(0.1, 3) : 1,
            LearnedDollars = random.Next(3) == 0 ? Number(1e-6, 1e-2) * (random.Next(2) == 0 ? -1 : 1) : 0,
        };
    }

    public TargetSnapshot[] Targets() => [.. Enumerable.Range(0, random.Next(6)).Select(Target)];

    /// <summary>The same ratio at every quantile, so that a checker need not know how quantiles are kept.</summary>
    private static RatioBand Level(double ratio) => new(_ => ratio);

    private bool IsOdd => random.NextDouble() < _odd;

    private double Number(double least, double most) => IsOdd ? One(OddNumbers) : least * Math.Pow(most / least, random.NextDouble());

    private int Count(int least, int most) => IsOdd ? One(OddCounts) : random.Next(least, most);

    private int Queue() => IsOdd ? One(OddCounts) : random.Next(4);

    private TimeSpan Time(double least, double most) => IsOdd ? One(OddTimes) : TimeSpan.FromSeconds(least * Math.Pow(most / least, random.NextDouble()));

    private T? Maybe<T>(Func<T> make)
        where T : struct => random.Next(6) == 0 ? make() : null;

    private T One<T>(IReadOnlyList<T> from) => from[random.Next(from.Count)];
}
