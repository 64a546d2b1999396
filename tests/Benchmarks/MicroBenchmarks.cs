using BenchmarkDotNet.Attributes;
using Hybrid.Engines.Sampling;
using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Benchmarks;

/// <summary>What a request and a token cost besides the model.</summary>
[MemoryDiagnoser]
public class MicroBenchmarks
{
    private readonly float[] _logits32k = Logits(32_000);
    private readonly float[] _logits128k = Logits(128_000);
    private readonly Sampler _greedy = new(SamplingOptions.Greedy, 128_000);
    private readonly Sampler _default = new(SamplingOptions.Default with { Seed = 1 }, 128_000);
    private readonly Sampler _nucleus = new(SamplingOptions.Default with { Seed = 1, TopK = 0 }, 128_000);
    private readonly TargetSnapshot[] _targets = [.. Enumerable.Range(0, 16).Select(i => new TargetSnapshot(
        new() { Name = $"target-{i}", Model = "m", Zone = i == 0 ? Zone.Device : Zone.Region("eu"), DollarsPerMillionOutputTokens = i, ActiveWatts = 10 + i, ParametersBillions = 1 + i },
        TargetState.Warm))];

    private readonly RequestProfile _profile = new() { PromptTokens = 200, ExpectedOutputTokens = 128, Privacy = PrivacyClass.Internal };

    [Benchmark]
    public object DecideOver16Targets() => PolicyEngine.Decide(_profile, _targets, PolicyPresets.Balanced);

    [Benchmark]
    public int GreedyOver32kLogits() => _greedy.Sample(_logits32k);

    [Benchmark]
    public int GreedyOver128kLogits() => _greedy.Sample(_logits128k);

    [Benchmark]
    public int DefaultSamplingOver32kLogits() => _default.Sample(_logits32k);

    [Benchmark]
    public int DefaultSamplingOver128kLogits() => _default.Sample(_logits128k);

    [Benchmark]
    public int SamplingWithoutTopKOver32kLogits() => _nucleus.Sample(_logits32k);

    /// <summary>As models give them: most far below a few.</summary>
    private static float[] Logits(int size)
    {
        var random = new Random(size);
        return [.. Enumerable.Range(0, size).Select(_ => 20 * MathF.Pow(random.NextSingle(), 4))];
    }
}
