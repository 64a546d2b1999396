using Hybrid.Accounting;
using Hybrid.Network;
using Hybrid.Policy;
using Hybrid.Targets;
using Microsoft.Extensions.Logging;

namespace Hybrid.Streaming;

/// <content>Races and handovers.</content>
internal sealed partial class StreamRun
{
    /// <summary>Fewer tokens than that are not worth a seam.</summary>
    private const int LeastRest = 8;

    /// <summary>The reader waits for the first token: what is sent besides does not delay a quick one, and waits no longer than this for a slow one.</summary>
    private static readonly TimeSpan HeadStart = TimeSpan.FromMilliseconds(100);

    private bool CanHedge => _policy.HedgeAfter is not null && !_hedged && !_run.HasSaid && _move is null && _speaker is not null && !_ended;

    private bool StepRival(long now)
    {
        if (CanHedge && now >= After(_start, _policy.HedgeAfter!.Value))
        {
            _hedged = true;
            if (Next(null) is not { } second) return false;
            var first = Assessed(_speaker!.Name);
            // Both will have read the prompt; what the loser says is stopped.
            if (FailoverRule.PassOver(_services.Find(second.Name).Descriptor, second, _run, (first.PriceDollars, first.Grams), _policy) is { } reason)
            {
                _run.PassOver(second.Name, $"as a rival: {reason}");
                return false;
            }

            _rival = Open(second, _request);
            return true;
        }

        if (_rival is null) return false;
        switch (_rival.Poll(out var update))
        {
            case AttemptNews.None:
                return false;
            case AttemptNews.Fault:
                Account(ref _rival, Map(_rival));
                return true;
            default:
                Seam(_rival.Name, HandoverReason.Race, 0);
                Drop(ref _speaker, RequestFinish.Superseded);
                (_speaker, _rival) = (_rival, null);
                Say(update);
                return true;
        }
    }

    /// <summary>Sets a handover on its way.</summary>
    private void Begin(string target, HandoverReason reason, long now)
    {
        var seen = _decision.Seen(target);
        _move = new(target, reason, seen.Rates.RoundTrip.TotalSeconds + (1 / seen.Rates.DecodeTokensPerSecond)) { Since = now };
        if (_services.Find(target).State.Readiness == TargetReadiness.Warm) Awake(_move, now);
    }

    private async Task WakeAsync(ITarget target)
    {
        var network = NetworkState.Needs(target) ? _services.Network : null;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(_either, network?.Enter(target.Descriptor.Name) ?? default);
        await PrivacyGate.WarmAsync(target, _request, ending.Token).ConfigureAwait(false);
        network?.Reached(target.Descriptor.Name);
    }

    private bool StepMove(long now)
    {
        if (_move is not { } move || _ended) return false;
        if (_speaker is not null && move.IsUnsent && !_run.HasSaid && (!_speaker.IsSent || now < After(_start, HeadStart))) return false;
        if (_speaker is not null && _request.MaxTokens - _run.SaidTokens < LeastRest)
        {
            // Whoever speaks is nearly done.
            Drop(move, RequestFinish.Superseded);
            EndMove();
            SayOverrun(move);
            return true;
        }

        return move.Stage switch
        {
            Move.Stages.Waking => StepWaking(move, now),
            Move.Stages.Prefilling => StepPrefilling(move, now),
            Move.Stages.Building => StepBuilding(move, now),
            Move.Stages.Asking => StepAsking(move, now),
            _ => StepLate(move, now),
        };
    }

    private bool StepWaking(Move move, long now)
    {
        if (move.Waking is null)
        {
            move.Waking = WakeAsync(_services.Find(move.Target));
            move.Waking.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(_signal.Set);
        }

        if (!move.Waking.IsCompleted) return false;
        if (move.Waking.IsCompletedSuccessfully)
        {
            Awake(move, now);
            return true;
        }

        var error = move.Waking.Exception?.InnerException;
        GiveUp(move, $"it could not be woken: {error?.Message ?? (_services.Network?.IsDown == true ? NetworkState.Down : "it was cancelled")}");
        return true;
    }

    /// <summary>The target is ready: it prefills ahead where that pays.</summary>
    private void Awake(Move move, long now)
    {
        (move.Stage, move.Since) = (Move.Stages.Building, now);
        var unread = _decision.Profile.InputTokens + _run.SaidTokens;
        if (!ReadsAhead(move, unread)) move.StartSeconds += ReadingSeconds(move, unread);
        move.ReadTokens = _run.SaidTokens;
    }

    /// <summary>Sends a prefill ahead where it pays: it costs a prompt, most of it cached the second time, and saves its time at the seam.</summary>
    private bool ReadsAhead(Move move, int unread)
    {
        var seen = _decision.Seen(move.Target);
        var tokens = _decision.Profile.InputTokens + _run.SaidTokens;
        var seconds = ReadingSeconds(move, unread);
        var dollars = seen.PriceFactor * CostModel.Dollars(seen.Descriptor, tokens, tokens - unread, 1, Prediction.Span(seconds));
        if (move.Reads == Move.MostReads || seconds < LeastPrefillSeconds || dollars > seconds * _policy.DollarsPerSecond) return false;
        move.Reads++;
        (move.Reading, move.ReadTokens) = (unread, _run.SaidTokens);
        move.Stage = Move.Stages.Prefilling;
        move.Attempt = Open(Assessed(move.Target), _run.Remaining with { MaxTokens = 1 });
        return true;
    }

    /// <summary>From being asked to the first token, in seconds, where so many tokens are left to read.</summary>
    private double SeamSeconds(Move move, int unread) => move.StartSeconds + ReadingSeconds(move, unread);

    private double ReadingSeconds(Move move, int tokens) => tokens / _decision.Seen(move.Target).Rates.PrefillTokensPerSecond;

    private bool StepPrefilling(Move move, long now)
    {
        switch (move.Attempt!.Poll(out _))
        {
            case AttemptNews.None:
                return false;
            case AttemptNews.Fault:
                MoveFailed(move);
                return true;
            default:
                if (move.Attempt.TimeToFirstToken is { } took) move.Slowness = Math.Max(took.TotalSeconds / SeamSeconds(move, move.Reading), 1);
                Drop(move, RequestFinish.Superseded);
                (move.Stage, move.Since) = (Move.Stages.Building, now);
                return true;
        }
    }

    private bool StepBuilding(Move move, long now)
    {
        if (!_run.HasSaid) return false;
        if (_speaker is { } speaker) KeepSlack(move, speaker);
        var waited = now >= After(move.Since, LongestBuilding(move));
        var hidden = _delivery.Tokens >= Math.Max(_delivery.Slack, 1);
        // What was said since it read takes time at the seam. Where slack is too short for that, it reads once more.
        if (!hidden && (waited || _delivery.Tokens >= Slack(move, 0)) && ReadsAhead(move, move.Unread(_run.SaidTokens))) return true;
        if (!hidden && !waited) return false;
        Ask(move, now);
        return true;
    }

    /// <summary>Who was late once is given the slack that it needs.</summary>
    private static TimeSpan LongestBuilding(Move move) => move.Tries == 0 ? FirstBuilding : LaterBuilding;

    /// <summary>Sets the freeze point: the target is asked to go on from all that was said.</summary>
    private void Ask(Move move, long now)
    {
        move.Forget();
        (move.Stage, move.Since, move.AtToken) = (Move.Stages.Asking, now, _run.SaidTokens);
        move.AskedWarm = _services.Find(move.Target).State.Readiness == TargetReadiness.Warm;
        move.Attempt = Open(Assessed(move.Target), _run.Remaining);
    }

    private bool StepAsking(Move move, long now)
    {
        switch (move.Attempt!.Poll(out var update))
        {
            case AttemptNews.None:
                return CheckLate(move, now);
            case AttemptNews.Fault:
                MoveFailed(move);
                return true;
            default:
                TakeOver(move, update);
                return true;
        }
    }

    private void TakeOver(Move move, in DecodeUpdate update)
    {
        Seam(move.Target, _left?.Reason ?? move.Reason, move.OverrunTokens);
        _speaker?.Discard(move.OverrunTokens);
        if (_speaker is not null && move.Reason != HandoverReason.Plan) _leftBehind.Add(_speaker.Name);
        Close(ref _speaker, RequestFinish.Superseded);
        _speaker = move.Attempt;
        EndMove();
        Say(_request.LogProbabilities is null ? update with { Scores = null } : update);
    }

    /// <summary>The slack is used up: the speaker goes on, and the other's answer will only tell how quick it is now.</summary>
    private bool CheckLate(Move move, long now)
    {
        if (!_delivery.IsEmpty || _speaker is null) return false;
        move.DryAt ??= now;
        if (move.OverrunTokens == 0 || now < After(move.DryAt.Value, LongestSilence)) return false;
        move.Stage = Move.Stages.Late;
        SayOverrun(move);
        return true;
    }

    private void SayOverrun(Move move)
    {
        DecodeUpdate[] overrun = [.. move.Overrun];
        move.Forget();
        foreach (var update in overrun)
        {
            if (_ended) _run.Waste(_last.Name, update.TokenCount);
            else Say(update);
        }
    }

    private bool StepLate(Move move, long now)
    {
        switch (move.Attempt!.Poll(out _))
        {
            case AttemptNews.None:
                return false;
            case AttemptNews.Fault:
                MoveFailed(move);
                return true;
        }

        var took = move.Attempt.TimeToFirstToken?.TotalSeconds ?? move.StartSeconds;
        Drop(move, RequestFinish.Superseded);
        if (++move.Tries == Move.MostTries)
        {
            GiveUp(move, $"it was too late {Move.MostTries} times");
            return true;
        }

        // Who was not warm took part of that for waking.
        move.StartSeconds = move.AskedWarm ? took : Math.Min(move.StartSeconds * 2, took);
        (move.Slowness, move.ReadTokens) = (1, move.AtToken);
        (move.Stage, move.Since) = (Move.Stages.Building, now);
        return true;
    }

    /// <summary>Nobody is expected any more, so nothing is kept back.</summary>
    private void EndMove() => (_move, _delivery.Slack) = (null, 0);

    private void MoveFailed(Move move)
    {
        var attempt = move.Attempt;
        var fault = Map(attempt!);
        move.Attempt = null;
        EndMove();
        Account(ref attempt, fault);
        if (_speaker is not null) SayOverrun(move);
        else _left ??= (move.Target, HandoverReason.Fault);
    }

    private void GiveUp(Move move, string reason)
    {
        EndMove();
        _tried.Add(move.Target);
        _run.PassOver(move.Target, reason);
        LogGivenUp(_services.Logger, _request.Id, move.Target, reason);
    }

    /// <summary>Looks now and then whether another target should go on, and always whether a cap is reached.</summary>
    private void Reconsider(long now)
    {
        if (EndsAtCap() || _move is not null || _request.Format is not null || _request.OffersTools || _decision.Targets.Count < 2) return;
        if (_confidence?.Value < _policy.MinConfidence && Better() is { } better)
        {
            _confidence!.Clear();
            Begin(better.Name, HandoverReason.Confidence, now);
            return;
        }

        if (!_policy.Handover || _services.Look is not { } look || now < After(_lookedAt, LookEvery)) return;
        _lookedAt = now;
        var open = OpenCost();
        var found = HandoverRule.Find(
            _decision.Profile, look(), _policy, _speaker!.Name, _run.SaidTokens, (_run.Dollars + open.Dollars, _run.Grams + open.Grams), _time.GetElapsedTime(_start, now),
            target => !_tried.Contains(target.Name) && !_leftBehind.Contains(target.Name) && !_services.IsDistrusted(target.Name));
        if (found is { } move) Begin(move.Target, move.Reason, now);
    }

    /// <summary>Ends the answer where a cap is reached, with what was said.</summary>
    private bool EndsAtCap()
    {
        if (CapReached() is not { } cap) return false;
        Fail(_run.Surface(new(HybridError.BudgetExceeded, cap)), RequestFinish.Failed);
        return true;
    }

    /// <summary>Predictions keep a request below the policy's caps; where an answer is longer than was expected, this does.</summary>
    private string? CapReached()
    {
        if (_policy.MaxDollarsPerRequest is null && _policy.MaxGramsPerRequest is null) return null;
        var open = OpenCost();
        var (dollars, grams) = (_run.Dollars + open.Dollars, _run.Grams + open.Grams);
        if (dollars >= _policy.MaxDollarsPerRequest) return $"The answer has cost ${Walls.Digits(dollars)}, and policy '{_policy.Name}' caps a request at ${Walls.Digits(_policy.MaxDollarsPerRequest.Value)}. Set MaxOutputTokens lower or the cap higher.";
        return grams >= _policy.MaxGramsPerRequest ? $"The answer has emitted {Walls.Digits(grams)} g CO2e, and policy '{_policy.Name}' caps a request at {Walls.Digits(_policy.MaxGramsPerRequest.Value)} g. Set MaxOutputTokens lower or the cap higher." : null;
    }

    /// <summary>The best of those whose answers are worth more than the speaker's.</summary>
    private TargetAssessment? Better()
    {
        var quality = Assessed(_speaker!.Name).Quality;
        return _decision.Ranking.FirstOrDefault(candidate => candidate.Quality > quality && candidate.Name != _speaker.Name && !_tried.Contains(candidate.Name) && !_leftBehind.Contains(candidate.Name) && PassOver(candidate) is null);
    }

    private TargetAssessment Assessed(string name) => _decision.Targets.First(target => target.Name == name);

    [LoggerMessage(1103, LogLevel.Information, "Request {Id}: target {Target} does not go on: {Reason}.")]
    private static partial void LogGivenUp(ILogger logger, string id, string target, string reason);
}
