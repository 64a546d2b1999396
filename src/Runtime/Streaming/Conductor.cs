using System.Runtime.CompilerServices;
using Hybrid.Accounting;
using Hybrid.Accounting.Budgets;
using Hybrid.Policy;
using Hybrid.Targets;
using Microsoft.Extensions.Logging;

namespace Hybrid.Streaming;

/// <summary>Runs a decision: starts the chosen target and, on a fault, lets the next standby go on from exactly the delivered text.</summary>
/// <remarks>
/// Targets deliver whole text only, so no seam can split a UTF-8 sequence or a stop string: what a failed target still
/// held back was never delivered, and the next one decodes it again (it counts as wasted). A failed target is not asked
/// again for the same request. The tokens left are counted in the failed target's vocabulary.
/// </remarks>
internal sealed partial class Conductor(TimeProvider time, ILogger logger, MeasuredEnergy? energy = null)
{
    /// <summary>Streams the answer; the last piece, and only it, has the receipt.</summary>
    /// <param name="request">The whole question.</param>
    /// <param name="decision">Who may answer, best first; at least one.</param>
    /// <param name="policy">Whose caps bind the failovers too.</param>
    /// <param name="find">The target of a name in the decision.</param>
    /// <param name="settled">Called once, however the request ends.</param>
    /// <param name="budget">What each attempt must fit into; null: nothing is limited.</param>
    /// <param name="cancellationToken">The caller's.</param>
    public async IAsyncEnumerable<StreamPiece> RunAsync(
        DecodeRequest request,
        Decision decision,
        RoutingPolicy policy,
        Func<string, ITarget> find,
        Action<RequestReceipt> settled,
        RequestBudget? budget = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var run = new RequestRun(request, decision, time);
        using var deadline = new CancellationTokenSource(TimeLeft(request), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        Attempt? attempt = null;
        try
        {
            foreach (var candidate in decision.Ranking)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var target = find(candidate.Name);
                if (run.FirstFault is not null && FailoverRule.PassOver(target.Descriptor, candidate, run, policy) is { } reason)
                {
                    run.PassOver(candidate.Name, reason);
                    continue;
                }

                var seen = decision.Seen(candidate.Name);
                var (sent, inputTokens) = (run.Remaining, decision.Profile.InputTokens + run.DeliveredTokens);
                if (budget is not null)
                {
                    (sent, var refusal, var late) = await TakeAsync(budget, seen, target, sent, inputTokens, policy.OutputTokensBound - run.DeliveredTokens, either.Token, cancellationToken);
                    if (late is not null) throw Surface(late);
                    if (refusal is not null)
                    {
                        run.PassOver(candidate.Name, refusal);
                        continue;
                    }
                }

                attempt = new Attempt(target, sent, inputTokens, seen.GramsPerKilowattHour, time, seen.PriceFactor, energy);
                var (name, model) = (attempt.Descriptor.Name, attempt.Descriptor.Model);
                HybridException? fault = null;
                while (fault is null)
                {
                    (var update, fault) = await ReadAsync(attempt, request, either.Token, deadline.Token, cancellationToken);
                    if (fault is not null) break;
                    if (update.Text.Length > 0 || update.ToolCall is not null) run.Deliver(update);
                    if (update.Completion is not { } completion)
                    {
                        yield return new(update.Text, update.TokenCount, name, model) { ToolCall = update.ToolCall, Scores = update.Scores };
                        continue;
                    }

                    var finish = completion.Finish switch
                    {
                        DecodeFinish.Length => RequestFinish.Length,
                        DecodeFinish.ToolCalls => RequestFinish.ToolCalls,
                        _ => RequestFinish.Stop,
                    };
                    await CloseAsync(finish, null);
                    yield return new(update.Text, update.TokenCount, name, model, run.Settle(finish)) { ToolCall = update.ToolCall, Scores = update.Scores };
                    yield break;
                }

                run.Fault(fault!, attempt.Descriptor);
                await CloseAsync(fault!.Error == HybridError.DeadlineExceeded ? RequestFinish.DeadlineExceeded : RequestFinish.Failed, fault);
                if (run.LimitReached)
                {
                    yield return new("", 0, name, model, run.Settle(RequestFinish.Length));
                    yield break;
                }

                if (!FailoverRule.WorthAnother(fault.Error, run)) throw Surface(fault);
                LogFault(logger, request.Id, name, fault.Error, run.DeliveredTokens);
            }

            throw Surface(run.FirstFault ?? budget?.Refusal ?? new HybridException(HybridError.NoTargetAllowed, "No target is left: " + decision.ExplainLine() + "."));
        }
        finally
        {
            if (attempt is not null)
            {
                await either.CancelAsync();
                await CloseAsync(RequestFinish.Cancelled, null);
            }

            budget?.Release();
            settled(run.Settle(RequestFinish.Cancelled));
        }

        async ValueTask CloseAsync(RequestFinish finish, HybridException? fault)
        {
            var ended = attempt!;
            attempt = null;
            var receipt = ended.Receipt(finish, fault);
            run.Add(budget is null ? receipt : budget.Settle(receipt));
            await ended.DisposeAsync();
        }

        HybridException Surface(HybridException fault)
        {
            var error = fault.Error == HybridError.DeadlineExceeded ? fault : run.Surface(fault);
            var receipt = run.Settle(error.Error == HybridError.DeadlineExceeded ? RequestFinish.DeadlineExceeded : RequestFinish.Failed, error.Error);
            error.Data[HybridUpdateKeys.Receipt] = receipt;
            return error;
        }
    }

    /// <summary>What may be sent, or why it may not, or that the deadline passed meanwhile; only the caller's own cancelling is thrown.</summary>
    private static async ValueTask<(DecodeRequest Sent, string? Refusal, HybridException? Late)> TakeAsync(
        RequestBudget budget, TargetSnapshot seen, ITarget target, DecodeRequest request, int inputTokens, int outputBound, CancellationToken either, CancellationToken caller)
    {
        try
        {
            var (sent, refusal) = await budget.TakeAsync(seen with { Descriptor = target.Descriptor, State = target.State }, request, inputTokens, outputBound, either);
            return (sent, refusal, null);
        }
        catch (OperationCanceledException) when (!caller.IsCancellationRequested)
        {
            return (request, null, new HybridException(HybridError.DeadlineExceeded, $"The deadline ({request.Deadline:O}) passed before target '{target.Descriptor.Name}' was asked. Allow more time."));
        }
    }

    /// <summary>The next update or the fault; only the caller's own cancelling is thrown.</summary>
    private static async ValueTask<(DecodeUpdate Update, HybridException? Fault)> ReadAsync(
        Attempt attempt, DecodeRequest request, CancellationToken either, CancellationToken deadline, CancellationToken caller)
    {
        try
        {
            either.ThrowIfCancellationRequested();
            return (await attempt.NextAsync(either), null);
        }
        catch (Exception) when (caller.IsCancellationRequested)
        {
            throw new OperationCanceledException(caller);
        }
        catch (Exception error) when (deadline.IsCancellationRequested)
        {
            return (default, new HybridException(
                HybridError.DeadlineExceeded,
                $"The deadline ({request.Deadline:O}) passed while target '{attempt.Descriptor.Name}' was answering. What was delivered stays valid; allow more time or ask for fewer tokens.",
                error));
        }
        catch (HybridException fault)
        {
            return (default, fault);
        }
        catch (Exception error)
        {
            return (default, new HybridException(HybridError.Internal, $"Target '{attempt.Descriptor.Name}' failed: {error.Message}", error));
        }
    }

    private TimeSpan TimeLeft(DecodeRequest request)
    {
        if (request.Deadline is not { } at) return Timeout.InfiniteTimeSpan;
        var left = at - time.GetUtcNow();
        var longest = TimeSpan.FromMilliseconds(uint.MaxValue - 1);
        return left <= TimeSpan.Zero ? TimeSpan.Zero : left < longest ? left : longest;
    }

    [LoggerMessage(1101, LogLevel.Warning, "Request {Id}: target {Target} failed with {Error} after {Tokens} delivered tokens.")]
    private static partial void LogFault(ILogger logger, string id, string target, HybridError error, int tokens);
}
