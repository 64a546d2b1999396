using System.Globalization;
using System.Runtime.CompilerServices;
using Hybrid.Targets;
using Hybrid.Tests.Streaming.Simulated;

namespace Hybrid.Benchmarks.Trace;

/// <summary>A target in virtual time: prefill by length, a cache of what it read for a request, a cold start when it has been idle, and streams that break.</summary>
internal sealed class TraceTarget(VirtualTime time, TargetDescriptor stated, int seed) : ITarget
{
    private readonly Random _random = new(seed);
    private readonly Dictionary<string, int> _read = [];
    private double _warmUntil = double.NegativeInfinity;
    private double _wakingUntil = double.NegativeInfinity;
    private int _open;

    public TargetDescriptor Descriptor => stated;

    public TargetState State =>
        stated.ColdStart == TimeSpan.Zero || _open > 0 || Now < _warmUntil ? TargetState.Warm
        : Now < _wakingUntil ? new(TargetReadiness.Warming, "loading")
        : new(TargetReadiness.Cold, "scaled to zero");

    /// <summary>The share of its streams that break, each at any of its tokens.</summary>
    public double Breaks { get; init; }

    private double Now => time.Elapsed.TotalSeconds;

    /// <summary>A prompt that takes so many tokens and is answered with so many.</summary>
    public static string Prompt(int tokens, int answer) => $"{answer}:".PadRight(tokens * 4, 'x');

    public async IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var text = ((MessagesPrompt)request.Prompt).Messages[^1].Text;
        var answer = int.Parse(text.AsSpan(0, text.IndexOf(':', StringComparison.Ordinal)), CultureInfo.InvariantCulture);
        var said = request.Continuation.Count(c => c == '|');
        var prompt = (text.Length / 4) + said;
        await WarmAsync(cancellationToken).ConfigureAwait(false);
        _open++;
        try
        {
            var cached = _read.GetValueOrDefault(request.Id);
            var breaksAt = _random.NextDouble() < Breaks ? _random.Next(answer) : int.MaxValue;
            await PassAsync(((stated.RoundTrip.TotalSeconds + ((prompt - cached) / stated.PrefillTokensPerSecond)) * Noise(0.1)) + (1 / stated.DecodeTokensPerSecond), cancellationToken).ConfigureAwait(false);
            var count = Math.Min(answer - said, request.MaxTokens ?? int.MaxValue);
            var pace = Noise(0.05) / stated.DecodeTokensPerSecond;
            for (var i = 0; i < count; i++)
            {
                if (i > 0) await PassAsync(pace, cancellationToken).ConfigureAwait(false);
                if (i == breaksAt) throw new HybridException(HybridError.TargetUnavailable, $"{stated.Name} broke.");
                _read[request.Id] = prompt + i;
                yield return new DecodeUpdate("word|", 1) with { TokenIndex = i };
            }

            yield return new DecodeUpdate("", 0, new() { Finish = said + count < answer ? DecodeFinish.Length : DecodeFinish.Stop, OutputTokens = count, PromptTokens = prompt, CachedTokens = cached });
        }
        finally
        {
            _open--;
            _warmUntil = Now + stated.StaysWarm.TotalSeconds;
        }
    }

    public async ValueTask WarmAsync(CancellationToken cancellationToken = default)
    {
        if (State.Readiness == TargetReadiness.Cold) _wakingUntil = Now + (stated.ColdStart.TotalSeconds * Noise(0.25));
        if (State.Readiness == TargetReadiness.Warm) return;
        await PassAsync(_wakingUntil - Now, cancellationToken).ConfigureAwait(false);
        _warmUntil = Now + stated.StaysWarm.TotalSeconds;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private double Noise(double deviation) => Math.Exp(deviation * Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble()));

    private async Task PassAsync(double seconds, CancellationToken cancellationToken)
    {
        var passed = new TaskCompletionSource();
        using var cancelled = cancellationToken.UnsafeRegister(_ => passed.TrySetCanceled(cancellationToken), null);
        time.After(seconds, () => passed.TrySetResult());
        await passed.Task.ConfigureAwait(false);
    }
}
