using BenchmarkDotNet.Attributes;
using Hybrid.Engines.Sampling;
using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Benchmarks;

/// <summary>What a request and a token cost besides the model.</summary>
[MemoryDiagnoser]
public class MicroBenchmarks
{
    private readonly float[] _logits = [.. Enumerable.Range(0, 32_000).Select(i => MathF.Sin(i * 0.37f) * 10)];
    private readonly Sampler _greedy = new(SamplingOptions.Greedy, 32_000);
    private readonly Sampler _default = new(SamplingOptions.Default with { Seed = 1 }, 32_000);
    private readonly TargetSnapshot[] _targets = [.. Enumerable.Range(0, 16).Select(i => new TargetSnapshot(
        new() { Name = $"target-{i}", Model = "m", Zone = i == 0 ? Zone.Device : Zone.Region("eu"), DollarsPerMillionOutputTokens = i, ActiveWatts = 10 + i, ParametersBillions = 1 + i },
        TargetState.Warm))];

    private readonly RequestProfile _profile = new() { PromptTokens = 200, ExpectedOutputTokens = 128, Privacy = PrivacyClass.Internal };

    [Benchmark]
    public object DecideOver16Targets() => PolicyEngine.Decide(_profile, _targets, PolicyPresets.Balanced);

    [Benchmark]
    public int GreedyOver32kLogits() => _greedy.Sample(_logits);

    [Benchmark]
    public int DefaultSamplingOver32kLogits() => _default.Sample(_logits);
}
