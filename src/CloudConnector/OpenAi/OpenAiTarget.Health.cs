using Hybrid.CloudConnector.Pools;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.OpenAi;

/// <content>How it is, and what wakes it.</content>
public sealed partial class OpenAiTarget
{
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);
    private readonly PoolState _state;
    private readonly HealthPages _health;

    /// <summary>As last seen. A failure counts for as long as the pool said, or <see cref="OpenAiTargetOptions.RetryAfter"/>; then it may be tried again.</summary>
    public TargetState State => _state.Now;

    /// <inheritdoc />
    public async ValueTask<bool?> ProbeAsync(CancellationToken cancellationToken = default) => (await LookAsync(cancellationToken)).Answered;

    /// <summary>Wakes the pool as <see cref="OpenAiTargetOptions.Wake"/> says, and waits until it is ready.</summary>
    /// <exception cref="HybridException">It failed, or was not ready within <see cref="OpenAiTargetOptions.FirstUpdateTimeout"/> (<see cref="HybridError.TargetUnavailable"/>).</exception>
    public async ValueTask WarmAsync(CancellationToken cancellationToken = default)
    {
        using var wait = new StreamWait(_options.FirstUpdateTimeout, _time, cancellationToken, _whenDisposed);
        while (await LookAsync(cancellationToken) is var (seen, _) && (seen?.Readiness != TargetReadiness.Warm || _options.Wake == WakeMode.Request))
        {
            if (_options.Wake == WakeMode.None)
                return;
            if (await WakeAsync(seen, wait, cancellationToken))
                break;
        }

        _state.Heard(TargetState.Warm);
        if (_continuation.BeginCheck(isNeeded: false))
            await CheckContinuationAsync(cancellationToken);
    }

    private async Task<(TargetState? Seen, bool? Answered)> LookAsync(CancellationToken cancellationToken)
    {
        using var wait = new StreamWait(null, _time, cancellationToken, _whenDisposed);
        wait.Allow(_options.ConnectTimeout);
        try
        {
            var (seen, answered) = await _health.AskAsync(wait.Token);
            if (seen is not null)
                _state.Heard(seen);
            return (seen, answered);
        }
        catch (Exception exception)
        {
            var told = Told(exception, wait, cancellationToken);
            return told is HybridException failed ? (new(TargetReadiness.Unavailable, failed.Message), false) : throw told;
        }
    }

    /// <summary>Calls it; after a refusal by a pool that is on its way, waits for a while.</summary>
    /// <returns>Whether it is awake for certain.</returns>
    private async Task<bool> WakeAsync(TargetState? seen, StreamWait wait, CancellationToken cancellationToken)
    {
        try
        {
            if (_options.Wake == WakeMode.Vllm || (_options.Wake == WakeMode.Auto && _health.SleepsLikeVllm))
                await Waking.VllmAsync(_connection, wait.Token);
            else if (_options.Wake == WakeMode.LlamaServer)
                await Waking.LlamaServerAsync(_connection, _options.ModelId ?? _options.Descriptor.Model, wait.Token);
            else
                await AskOneTokenAsync(wait.Token);
            return true;
        }
        catch (Exception exception)
        {
            if (wait.DeadlinePassed && !cancellationToken.IsCancellationRequested)
                throw Unavailable($"it was not ready after {_options.FirstUpdateTimeout.TotalSeconds:0.###} s");
            var told = Told(exception, wait, cancellationToken);
            if (told is not HybridException { Error: HybridError.TargetUnavailable or HybridError.Busy } failed || seen?.Readiness is not (TargetReadiness.Warming or TargetReadiness.Cold))
                throw told;
            await PauseAsync(failed.RetryAfter ?? BetweenLooks, wait, cancellationToken);
            return false;
        }
    }

    private async Task PauseAsync(TimeSpan pause, StreamWait wait, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(pause < LongestPause ? pause : LongestPause, _time, wait.Token);
        }
        catch (OperationCanceledException) when (wait.DeadlinePassed && !cancellationToken.IsCancellationRequested)
        {
            throw Unavailable($"it was not ready after {_options.FirstUpdateTimeout.TotalSeconds:0.###} s");
        }
    }

    private async Task AskOneTokenAsync(CancellationToken cancellationToken)
    {
        Prompt prompt = Descriptor.Capabilities.HasFlag(TargetCapabilities.Chat) ? new MessagesPrompt([new("user", "Hi")]) : new TextPrompt("Hi");
        var request = new DecodeRequest { Prompt = prompt, MaxTokens = 1, Sampling = SamplingOptions.Greedy, Privacy = PrivacyClass.Public };
        await foreach (var _ in AnswerAsync(request, ContinuationMode.None, cancellationToken).ConfigureAwait(false))
        {
            // That it answers is all that is wanted.
        }
    }
}
