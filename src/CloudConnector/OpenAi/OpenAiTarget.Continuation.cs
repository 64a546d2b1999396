using Hybrid.Targets;

namespace Hybrid.CloudConnector.OpenAi;

/// <content>Whether it goes on from what was said elsewhere.</content>
public sealed partial class OpenAiTarget
{
    /// <summary>Checks with a few short greedy requests of our own text that the pool goes on from a text, by the configured way or, for auto, by any.</summary>
    /// <remarks>
    /// <see cref="Descriptor"/> follows what is found. This also happens when the pool is woken and, where it cannot go on before
    /// (<see cref="ContinuationMode.Auto"/>, <see cref="ContinuationMode.Prefill"/>), in the background of its first answer. Thread-safe.
    /// </remarks>
    /// <returns>The way that goes on; <see cref="ContinuationMode.None"/>: it starts over; <see cref="ContinuationMode.Auto"/>: its answers are too short to tell.</returns>
    /// <exception cref="HybridException">The pool failed; what was known stands.</exception>
    public async Task<ContinuationMode> ProbeContinuationAsync(CancellationToken cancellationToken = default)
    {
        if (_options.Continuation == ContinuationMode.None || !Descriptor.Capabilities.HasFlag(TargetCapabilities.Chat))
            return ContinuationMode.None;
        var (mode, echoes) = await new ContinuationCheck((request, tried, token) => AnswerAsync(request, tried, token)).RunAsync(_continuation.Candidates, cancellationToken);
        if (mode != ContinuationMode.Auto)
            _continuation.Found(mode, echoes);
        return mode;
    }

    /// <summary>Completes when the check that an answer started is over.</summary>
    internal Task Checking { get; private set; } = Task.CompletedTask;

    private void CheckContinuationLater()
    {
        if (Descriptor.Capabilities.HasFlag(TargetCapabilities.Chat) && _continuation.BeginCheck(isNeeded: true))
            Checking = CheckContinuationAsync(_whenDisposed);
    }

    /// <summary>A check that fails is tried again with a later answer.</summary>
    private async Task CheckContinuationAsync(CancellationToken cancellationToken)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding); // whoever reads the answer does not wait for it
        try
        {
            await ProbeContinuationAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is HybridException or OperationCanceledException)
        {
            // What was known stands; the state tells of the failure.
        }
        finally
        {
            _continuation.EndCheck();
        }
    }
}
