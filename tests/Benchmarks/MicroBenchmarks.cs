using BenchmarkDotNet.Attributes;
using Hybrid.Accounting;
using Hybrid.EndToEnd;
using Hybrid.Engines.LlamaCpp;
using Hybrid.Engines.LlamaCpp.Batching;
using Hybrid.Engines.LlamaCpp.Native;
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
    private const int TokensPerRequest = 1000;
    private static readonly DecodeRequest Request = new() { Prompt = new TextPrompt(""), Sampling = SamplingOptions.Greedy };
    private readonly float[] _few = [.. Enumerable.Repeat(0f, 300), 1]; // the last is a word
    private readonly TokenDelivery _delivery = new(Model(), new EngineMeter("bench", 1), TimeProvider.System);
    private readonly TargetSnapshot[] _targets = [.. Enumerable.Range(0, 16).Select(i => new TargetSnapshot(
        new() { Name = $"target-{i}", Model = "m", Zone = i == 0 ? Zone.Device : Zone.Region("eu"), DollarsPerMillionOutputTokens = i, ActiveWatts = 10 + i, ParametersBillions = 1 + i },
        TargetState.Warm))];

    private readonly TargetScore[] _scores = new TargetScore[16];
    private readonly TargetScore[] _halfColdScores = new TargetScore[16];
    private readonly TargetSnapshot[] _halfCold;

    public MicroBenchmarks()
    {
        _halfCold = [.. _targets.Select((target, i) => target with
        {
            Descriptor = target.Descriptor with { ColdStart = TimeSpan.FromSeconds(1), Capabilities = TargetCapabilities.Chat | TargetCapabilities.Continuation },
            State = i % 2 == 0 ? TargetState.Warm : new(TargetReadiness.Cold, "scaled to zero"),
            Rates = TargetRates.Stated(target.Descriptor with { ColdStart = TimeSpan.FromSeconds(1) }),
        })];
        PolicyEngine.Score(_profile, _halfCold, PolicyPresets.Balanced, _halfColdScores);
    }

    private readonly RequestProfile _profile = new() { PromptTokens = 200, ExpectedOutputTokens = 128, Privacy = PrivacyClass.Internal };

    [Benchmark]
    public int ScoreOver16Targets() => PolicyEngine.Score(_profile, _targets, PolicyPresets.Balanced, _scores);

    [Benchmark]
    public object DecideOver16Targets() => PolicyEngine.Decide(_profile, _targets, PolicyPresets.Balanced);

    /// <summary>On top of the scores, where every second target is cold and would be spoken for.</summary>
    [Benchmark]
    public object? BridgeOver16Targets() => BridgePlanner.Find(_profile, _halfCold, PolicyPresets.Balanced, _halfColdScores);

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

    /// <summary>All that is done for a token but the scan over the logits: penalties, end, piece, UTF-8, stop strings, meters, channel, and the read on the other side.</summary>
    [Benchmark(OperationsPerInvoke = TokensPerRequest)]
    public int DeliverAToken()
    {
        var sequence = new Sequence([1], TokensPerRequest + 1, Request, 4, drafts: false, acceptedAt: 0);
        var read = 0;
        for (var i = 0; i < TokensPerRequest; i++)
        {
            _delivery.Next(sequence, _few);
            read += sequence.Reader.TryRead(out var update) ? update.TokenCount : 0;
        }

        return read;
    }

    /// <summary>As models give them: most far below a few.</summary>
    private static LlamaModel Model()
    {
        NativeLibraries.EnsureLoaded(null);
        return LlamaModel.LoadAsync(Repository.EdgeModel, 0, null, default).GetAwaiter().GetResult();
    }

    private static float[] Logits(int size)
    {
        var random = new Random(size);
        return [.. Enumerable.Range(0, size).Select(_ => 20 * MathF.Pow(random.NextSingle(), 4))];
    }
}
