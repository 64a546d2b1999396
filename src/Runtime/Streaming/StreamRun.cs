using System.Diagnostics;
using Hybrid.Accounting;
using Hybrid.Accounting.Budgets;
using Hybrid.Network;
using Hybrid.Policy;
using Hybrid.Targets;
using Microsoft.Extensions.Logging;

namespace Hybrid.Streaming;

/// <summary>One request on its way: who speaks, who races with it, who will go on, and what may be delivered.</summary>
/// <remarks>
/// <para>A machine that is stepped by its one reader: bridge, handing over, primary, failing over, done. Targets, timers and cancelling
/// only set its signal. What was said never changes; every other target is asked to go on from exactly that.</para>
/// <para>A handover is made ahead of the reader: while another target is expected, text is delivered a little slower than it comes; at the
/// freeze point the next target is asked to go on from all that was said, the slack is delivered meanwhile, and what the speaker says
/// beyond is thrown away. If the slack runs out first, the speaker goes on, and a new freeze point is set once the other has answered.</para>
/// </remarks>
internal sealed partial class StreamRun : IAsyncDisposable
{
    /// <summary>A reader does not notice so much silence.</summary>
    private static readonly TimeSpan LongestSilence = TimeSpan.FromMilliseconds(50);

    /// <summary>How long slack may be built once the next target is ready, before it is asked the first time and later.</summary>
    private static readonly TimeSpan FirstBuilding = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LaterBuilding = TimeSpan.FromSeconds(10);

    /// <summary>How often it is looked whether another target would be better.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    /// <summary>Prefill ahead that saves less is not worth a request.</summary>
    private const double LeastPrefillSeconds = 0.05;

    private const int MostSlack = 64;
    private const int MostAhead = 256;
    private readonly ConductorServices _services;
    private readonly DecodeRequest _request;
    private readonly Decision _decision;
    private readonly RoutingPolicy _policy;
    private readonly RequestBudget? _budget;
    private readonly CancellationToken _caller;
    private readonly CancellationToken _deadline;
    private readonly CancellationToken _either;
    private readonly TimeProvider _time;
    private readonly Signal _signal = new();
    private readonly ITimer _timer;
    private readonly RequestRun _run;
    private readonly Delivery _delivery;
    private readonly Confidence? _confidence;
    private readonly HashSet<string> _tried = [];
    private readonly HashSet<string> _leftBehind = []; // for a reason: only a fault of the others brings the stream back
    private readonly List<Task> _closing = [];
    private readonly Activity? _activity;
    private readonly long _start;
    private Attempt? _speaker;
    private Attempt? _rival;
    private Move? _move;
    private Handover? _seam;
    private (string Name, HandoverReason Reason)? _left;
    private (string Name, string Model) _last = ("", "");
    private long _armedFor = long.MaxValue;
    private long _lookedAt;
    private bool _hedged;
    private bool _ended;
    private bool _receiptLeft;
    private RequestFinish _finish;
    private HybridException? _failure;

    public StreamRun(ConductorServices services, DecodeRequest request, Decision decision, RoutingPolicy policy, RequestBudget? budget, long? askedAt, CancellationToken caller, CancellationToken deadline, CancellationToken either)
    {
        (_services, _request, _decision, _policy, _budget) = (services, request, decision, policy, budget);
        (_caller, _deadline, _either, _time) = (caller, deadline, either, services.Time);
        _start = _lookedAt = _time.GetTimestamp();
        _run = new(request, decision, _time, askedAt ?? _start);
        _delivery = new(_time, policy.TokensPerSecond);
        _confidence = policy.MinConfidence is null ? null : new();
        _activity = HybridActivity.Request(request.Id, policy.Name);
        _timer = _time.CreateTimer(_ => OnTimer(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Goes as far as it can without waiting, at most until something may be delivered.</summary>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public void Step()
    {
        while (true)
        {
            _caller.ThrowIfCancellationRequested();
            if (_ended)
            {
                _delivery.Flushing |= _deadline.IsCancellationRequested; // all of it is there: no pace is worth being late
                return;
            }

            if (_deadline.IsCancellationRequested)
            {
                Fail(DeadlinePassed(null), RequestFinish.DeadlineExceeded);
                return;
            }

            var now = _time.GetTimestamp();
            if (_delivery.MayTake(now)) return;
            if (!(StepRival(now) | StepSpeaker(now) | StepMove(now))) return;
        }
    }

    /// <summary>The next piece that may be delivered now; the last one, and only it, has the receipt.</summary>
    /// <exception cref="HybridException">Everything was delivered, and nobody can go on.</exception>
    public bool TryTake(out StreamPiece piece)
    {
        var now = _time.GetTimestamp();
        if (_delivery.TryTake(now, out piece))
        {
            _run.Deliver(piece, now);
            return true;
        }

        if (!_ended || !_delivery.IsEmpty) return false;
        if (_failure is not null) throw _failure;
        if (_receiptLeft) return false;
        _receiptLeft = true;
        piece = new("", 0, _last.Name, _last.Model, _run.Settle(_finish));
        return true;
    }

    /// <summary>Waits until there may be something to do.</summary>
    public ValueTask WaitAsync()
    {
        var due = NextDue();
        if (due == long.MaxValue) return _signal.WaitAsync();
        var left = _time.GetElapsedTime(_time.GetTimestamp(), due);
        if (left <= TimeSpan.Zero) return ValueTask.CompletedTask;
        if (due < Volatile.Read(ref _armedFor))
        {
            Volatile.Write(ref _armedFor, due);
            _timer.Change(left < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : left, Timeout.InfiniteTimeSpan);
        }

        return _signal.WaitAsync();
    }

    /// <summary>Wakes the reader: the caller cancelled or the deadline passed.</summary>
    public void Wake() => _signal.Set();

    /// <summary>What the request took; after its end.</summary>
    public RequestReceipt Receipt => _run.Settle(RequestFinish.Cancelled);

    /// <summary>Ends every attempt that is still open.</summary>
    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync().ConfigureAwait(false);
        CloseOthers(RequestFinish.Cancelled);
        Close(ref _speaker, RequestFinish.Cancelled);
        foreach (var piece in _delivery.Rest) _run.Waste(piece.Target, piece.TokenCount); // after the last receipt: a target may have spoken twice
        HybridActivity.End(_activity, Receipt);
        _run.Dispose();
        await Task.WhenAll(_closing).ConfigureAwait(false);
    }

    private void OnTimer()
    {
        Volatile.Write(ref _armedFor, long.MaxValue);
        _signal.Set();
    }

    private long NextDue()
    {
        var due = _delivery.Due ?? long.MaxValue;
        if (_ended) return due;
        if (CanHedge) due = Math.Min(due, After(_start, _policy.HedgeAfter!.Value));
        if (_move is { IsUnsent: true } && _speaker is { IsSent: true } && !_run.HasSaid) due = Math.Min(due, After(_start, HeadStart));
        if (_policy.MaxTokenGap is { } gap && _speaker is { Tokens: > 0 } && _move?.Stage != Move.Stages.Asking && WantsMore) due = Math.Min(due, After(_speaker.WaitingSince, gap));
        if (_move is { Stage: Move.Stages.Building } building && _run.HasSaid) due = Math.Min(due, After(building.Since, LongestBuilding(building)));
        if (_move is { Stage: Move.Stages.Asking, DryAt: { } dry, OverrunTokens: > 0 }) due = Math.Min(due, After(dry, LongestSilence));
        return due;
    }

    private long After(long start, TimeSpan span) => start + Delivery.Ticks(_time, span.TotalSeconds);

    private bool StepSpeaker(long now)
    {
        if (_speaker is null) return Succeed(now);
        if (!WantsMore && !_speaker.IsCut) return false;
        switch (_speaker.Poll(out var update))
        {
            case AttemptNews.None:
                return CheckSilence(now);
            case AttemptNews.Fault:
                SpeakerFailed(Map(_speaker), HandoverReason.Fault);
                return true;
            default:
                Hear(update, now);
                return true;
        }
    }

    private bool WantsMore => _move is { Stage: Move.Stages.Asking } asking
        ? asking.OverrunTokens < (_delivery.Paced ? Math.Max(_delivery.Slack, 1) : MostSlack) // or a quick speaker would come to its end first
        : _delivery.Tokens <= (_delivery.Paced && _move is null ? MostAhead : _delivery.Slack); // who speaks for another says no more than is needed

    private bool CheckSilence(long now)
    {
        if (_policy.MaxTokenGap is not { } gap || _speaker!.Tokens == 0 || _move?.Stage == Move.Stages.Asking || now < After(_speaker.WaitingSince, gap)) return false;
        SpeakerFailed(new(HybridError.TargetUnavailable, $"Target '{_speaker.Name}' said nothing for {gap.TotalSeconds:0.###} s."), HandoverReason.Silence);
        return true;
    }

    private void Hear(DecodeUpdate update, long now)
    {
        if (_confidence is not null && update.Scores is { } scores) _confidence.Hear(scores);
        if (_request.LogProbabilities is null) update = update with { Scores = null };
        if (_move is { Stage: Move.Stages.Asking } asking)
        {
            asking.Keep(update);
            if (update.Completion is null)
            {
                EndsAtCap();
                return;
            }

            // It came to its end before the other began: nothing is left to hand over.
            SayOverrun(asking);
            return;
        }

        Say(update);
        if (!_ended) Reconsider(now);
    }

    /// <summary>Text that will be delivered; the completion ends the answer.</summary>
    private void Say(in DecodeUpdate update)
    {
        var speaker = _speaker!;
        if (update.TokenCount > 0 && _run.LimitReached)
        {
            speaker.Discard(update.TokenCount); // it was asked for fewer tokens
            Finish(RequestFinish.Length);
            return;
        }

        if (update.Text.Length > 0 || update.ToolCall is not null)
        {
            if (_rival is not null) Drop(ref _rival, RequestFinish.Superseded);
            _run.Say(update);
            _delivery.Add(new(update.Text, update.TokenCount, speaker.Name, speaker.Model) { ToolCall = update.ToolCall, Scores = update.Scores, Handover = _seam });
            _seam = null;
        }

        if (update.Completion is { } completion)
        {
            Finish(completion.Finish switch
            {
                DecodeFinish.Length => RequestFinish.Length,
                DecodeFinish.ToolCalls => RequestFinish.ToolCalls,
                _ => RequestFinish.Stop,
            });
        }
        else if (_move is { } move)
        {
            KeepSlack(move, speaker);
        }
    }

    /// <summary>Keeps as much back as lasts until the next target speaks, and a quarter more.</summary>
    private void KeepSlack(Move move, Attempt speaker)
    {
        _delivery.SecondsPerToken = Math.Max(speaker.SecondsPerToken, 1 / _policy.TokensPerSecond ?? 0);
        var slack = Slack(move, move.Unread(_run.SaidTokens));
        // How much will be left to read is known when it has read; until then nothing that was kept back leaves.
        _delivery.Slack = move.Stage == Move.Stages.Prefilling ? Math.Max(slack, _delivery.Slack) : slack;
    }

    private int Slack(Move move, int unread) => Math.Clamp((int)Math.Ceiling(1.25 * move.Slowness * SeamSeconds(move, unread) / _delivery.SecondsPerToken) + 1, 1, MostSlack);

    private void SpeakerFailed(HybridException fault, HandoverReason reason)
    {
        var speaker = _speaker!;
        if (_move is { } move)
        {
            speaker.Discard(move.OverrunTokens);
            move.Forget();
        }

        _left = (speaker.Name, reason);
        if (reason == HandoverReason.Silence) speaker.Trace?.FellSilent = true;
        Account(ref _speaker, fault);
        if (_ended) return;
        if (_run.LimitReached) Finish(RequestFinish.Length);
        else if (_rival is null && !FailoverRule.WorthAnother(fault.Error, _run)) Fail(_run.Surface(fault), RequestFinish.Failed);
    }

    /// <summary>Writes a failed attempt down; its target is not asked again, but for one with another replica.</summary>
    private void Account(ref Attempt? attempt, HybridException fault)
    {
        var failed = attempt!;
        if (!TakesOver(failed, fault)) _tried.Add(failed.Name);
        if (fault is { InnerException: BudgetRefusalException refusal })
        {
            _run.PassOver(failed.Name, refusal.Message);
            failed.Close(RequestFinish.Cancelled); // it was never sent
            attempt = null;
            return;
        }

        if (failed.Repeats) _services.Distrust(failed.Name);
        _run.Fault(fault, failed.Descriptor);
        Close(ref attempt, fault.Error == HybridError.DeadlineExceeded ? RequestFinish.DeadlineExceeded : RequestFinish.Failed, fault);
        // A lost network is one event, and was told once.
        LogFault(_services.Logger, failed.IsCut ? LogLevel.Debug : LogLevel.Warning, _request.Id, failed.Name, fault.Error, _run.SaidTokens);
    }

    private void Finish(RequestFinish finish)
    {
        _finish = finish;
        _ended = true;
        CloseOthers(RequestFinish.Superseded);
        if (_speaker is { } speaker)
        {
            _last = (speaker.Name, speaker.Model);
            Close(ref _speaker, finish);
        }
    }

    private void Fail(HybridException error, RequestFinish finish)
    {
        _ended = true;
        CloseOthers(RequestFinish.Superseded);
        Close(ref _speaker, finish, finish == RequestFinish.DeadlineExceeded ? error : null);
        _delivery.Flushing = true;
        error.Data[HybridUpdateKeys.Receipt] = _run.Settle(finish, error.Error);
        _failure = error;
    }

    private void CloseOthers(RequestFinish finish)
    {
        Drop(ref _rival, finish);
        _delivery.Slack = 0;
        if (_move is not { } move) return;
        _speaker?.Discard(move.OverrunTokens);
        Drop(move, finish);
        _move = null;
    }

    /// <summary>Ends an attempt that nobody needs; what it said counts as thrown away.</summary>
    private void Drop(ref Attempt? attempt, RequestFinish finish)
    {
        attempt?.Discard(attempt.Tokens);
        Close(ref attempt, finish);
    }

    private void Drop(Move move, RequestFinish finish)
    {
        var attempt = move.Attempt;
        Drop(ref attempt, finish);
        move.Attempt = null;
    }

    private void Close(ref Attempt? attempt, RequestFinish finish, HybridException? fault = null)
    {
        if (attempt is not { } ended) return;
        attempt = null;
        var receipt = ended.Close(finish, fault);
        if (ended.IsSent) _run.Add(receipt);
        if (finish != RequestFinish.Superseded) _closing.Add(ended.Closing); // the reader waits for nobody who lost
    }

    private HybridException Map(Attempt attempt) => attempt.Error switch
    {
        BudgetRefusalException refusal => new(HybridError.BudgetExceeded, refusal.Message, refusal),
        var error when _deadline.IsCancellationRequested => DeadlinePassed(error),
        HybridException fault => fault,
        var error => new(HybridError.Internal, $"Target '{attempt.Name}' failed: {error!.Message}", error),
    };

    private HybridException DeadlinePassed(Exception? inner) => new(
        HybridError.DeadlineExceeded,
        _speaker is { } speaker
            ? $"The deadline ({_request.Deadline:O}) passed while target '{speaker.Name}' was answering. What was delivered stays valid; allow more time or ask for fewer tokens."
            : $"The deadline ({_request.Deadline:O}) passed before a target answered. What was delivered stays valid; allow more time.",
        inner);

    [LoggerMessage(EventId = 1101, Message = "Request {Id}: target {Target} failed with {Error} after {Tokens} tokens of the answer.")]
    private static partial void LogFault(ILogger logger, LogLevel level, string id, string target, HybridError error, int tokens);

    [LoggerMessage(1102, LogLevel.Information, "Request {Id} moves from {From} to {To} ({Reason}) after {Tokens} tokens of the answer.")]
    private static partial void LogHandover(ILogger logger, string id, string from, string to, HandoverReason reason, int tokens);
}
