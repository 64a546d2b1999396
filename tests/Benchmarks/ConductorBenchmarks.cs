using System.Threading.Tasks.Sources;
using BenchmarkDotNet.Attributes;
using Hybrid.Policy;
using Hybrid.Streaming;
using Hybrid.Targets;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.Benchmarks;

/// <summary>What the conductor adds to a token between a target and the reader.</summary>
[MemoryDiagnoser]
public class ConductorBenchmarks
{
    private const int Tokens = 10_000; // so that what a request costs once is not seen
    private static readonly DecodeRequest Request = new() { Id = "bench", Prompt = new TextPrompt("?") };
    private static readonly RoutingPolicy Policy = PolicyPresets.Balanced;
    private readonly Instant _here = new(waits: false);
    private readonly Instant _waited = new(waits: true);

    /// <summary>The same target, read without a conductor.</summary>
    [Benchmark(Baseline = true, OperationsPerInvoke = Tokens)]
    public async Task<int> ReadAToken()
    {
        var length = 0;
        await foreach (var update in _here.GenerateAsync(Request)) length += update.Text.Length;
        return length;
    }

    /// <summary>Tokens that are there when they are asked for.</summary>
    [Benchmark(OperationsPerInvoke = Tokens)]
    public Task<int> ConductAToken() => ConductAsync(_here);

    /// <summary>Tokens that are waited for, as a model's are.</summary>
    [Benchmark(OperationsPerInvoke = Tokens)]
    public Task<int> ConductATokenThatIsWaitedFor() => ConductAsync(_waited);

    private static async Task<int> ConductAsync(Instant target)
    {
        var snapshots = new TargetSnapshot[] { new(target.Descriptor, target.State) };
        var decision = PolicyEngine.Decide(new() { PromptTokens = 10, ExpectedOutputTokens = Tokens, Privacy = Request.Privacy }, snapshots, Policy);
        var conductor = new Conductor(new(TimeProvider.System, NullLogger.Instance, _ => target, () => snapshots));
        var length = 0;
        await foreach (var piece in conductor.RunAsync(Request, decision, Policy, _ => { })) length += piece.Text.Length;
        return length;
    }

    /// <summary>Says the same word again and again; where it is waited for, another thread completes each move.</summary>
    private sealed class Instant(bool waits) : ITarget
    {
        public TargetDescriptor Descriptor { get; } = new() { Name = "instant", Model = "m", Zone = Zone.Device, Capabilities = TargetCapabilities.Chat | TargetCapabilities.Continuation };

        public TargetState State => TargetState.Warm;

        public IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, CancellationToken cancellationToken = default) => new Words(waits);

        public ValueTask WarmAsync(CancellationToken cancellationToken = default) => default;

        public ValueTask DisposeAsync() => default;
    }

    private sealed class Words(bool waits) : IAsyncEnumerable<DecodeUpdate>, IAsyncEnumerator<DecodeUpdate>, IValueTaskSource<bool>, IThreadPoolWorkItem
    {
        private static readonly DecodeCompletion Completion = new() { Finish = DecodeFinish.Stop, OutputTokens = Tokens };
        private ManualResetValueTaskSourceCore<bool> _move;
        private int _said;

        public DecodeUpdate Current { get; private set; }

        public IAsyncEnumerator<DecodeUpdate> GetAsyncEnumerator(CancellationToken cancellationToken = default) => this;

        public ValueTask<bool> MoveNextAsync()
        {
            if (_said > Tokens) return new(false);
            Current = _said < Tokens ? new DecodeUpdate(" word", 1) with { TokenIndex = _said } : new("", 0, Completion);
            _said++;
            if (!waits) return new(true);
            _move.Reset();
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
            return new(this, _move.Version);
        }

        public void Execute() => _move.SetResult(true);

        public ValueTask DisposeAsync() => default;

        bool IValueTaskSource<bool>.GetResult(short token) => _move.GetResult(token);

        ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _move.GetStatus(token);

        void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) => _move.OnCompleted(continuation, state, token, flags);
    }
}
