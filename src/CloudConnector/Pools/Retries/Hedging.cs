using Hybrid.Targets;

namespace Hybrid.CloudConnector.Pools.Retries;

/// <summary>Asks a second replica the same where the first is slower than nearly all were; who speaks first goes on, and the other is told to stop.</summary>
internal static class Hedging
{
    /// <summary>Tokens that a loser may have said before it is told.</summary>
    private const int LoserTokens = 8;

    public static async Task<ReplicaStream> RaceAsync(PoolCall call, ReplicaStream one, TimeSpan delay)
    {
        var first = one.FirstAsync();
        if (!await IsLateAsync(call, first, delay).ConfigureAwait(false) || Second(call) is not { } other)
        {
            await first.ConfigureAwait(false);
            return one;
        }

        var second = other.FirstAsync();
        var quicker = await Task.WhenAny(first, second).ConfigureAwait(false);
        var (winner, loser, wait) = quicker == first ? (one, other, second) : (other, one, first);
        if (!quicker.IsCompletedSuccessfully)
        {
            await wait.ConfigureAwait(false); // the only one left
            Opening.Answers(call, loser.Replica);
            return loser;
        }

        Opening.Answers(call, winner.Replica);
        if (wait.Exception is not null) return winner; // it failed, and wasted nothing
        if (call.Trace is { } trace)
        {
            trace.WastedInputTokens += PromptTokens(call.Request);
            if (wait.IsCompletedSuccessfully) trace.WastedOutputTokens += loser.Current.TokenCount;
        }

        loser.Abandon(wait);
        return winner;
    }

    /// <summary>Tokens to prefill, about.</summary>
    public static int PromptTokens(DecodeRequest request) => TokenEstimate.OfText(request.Continuation) + request.Prompt switch
    {
        MessagesPrompt { Messages: var messages } => TokenEstimate.OfMessages(messages),
        TextPrompt { Text: var text } => TokenEstimate.OfText(text),
        TokensPrompt { Tokens: var tokens } => tokens.Length,
        _ => 0,
    };

    private static async Task<bool> IsLateAsync(PoolCall call, Task first, TimeSpan delay)
    {
        if (first.IsCompleted) return false;
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(call.Token);
        var late = Task.Delay(delay, call.Pool.Clock.Time, enough.Token);
        var done = await Task.WhenAny(first, late).ConfigureAwait(false);
        if (!late.IsCompleted) enough.Cancel(); // at once: a timer is all that listens
        return done == late && late.IsCompletedSuccessfully;
    }

    private static ReplicaStream? Second(PoolCall call)
    {
        var pool = call.Pool;
        if (pool.Admission.TryTakeAnother(call.Ask) is not { } replica) return null;
        var now = pool.Clock.Now;
        if (!pool.Hedges.TryReserve(now, PromptTokens(call.Request) + LoserTokens) || !pool.Budget.TryTake(now))
        {
            pool.Admission.Release(replica);
            return null;
        }

        PoolMeter.Retried(pool.Name, "hedge");
        call.Trace?.Retries += 1;
        return Opening.Start(call, replica);
    }
}
