using Hybrid.Accounting;
using Hybrid.Network;
using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Streaming;

/// <content>Who speaks next.</content>
internal sealed partial class StreamRun
{
    /// <summary>Finds somebody to speak.</summary>
    private bool Succeed(long now)
    {
        if (_rival is not null)
        {
            Seam(_rival.Name, HandoverReason.Fault, 0);
            (_speaker, _rival) = (_rival, null);
            return true;
        }

        switch (_move?.Stage)
        {
            case Move.Stages.Asking:
                return false;
            case Move.Stages.Prefilling or Move.Stages.Building or Move.Stages.Late:
                Drop(_move, RequestFinish.Superseded);
                Ask(_move, now);
                return true;
        }

        if (Next(_move?.Target) is { } next)
        {
            if (_left is { } left) Seam(next.Name, left.Reason, 0);
            if (_move is null && _decision.Bridge is { } bridge && !_tried.Contains(_decision.Chosen!.Name) && !_services.IsDistrusted(_decision.Chosen.Name) && bridge.Target == next.Name) Begin(_decision.Chosen.Name, HandoverReason.Plan, now);
            _speaker = Open(next, _run.Remaining);
            return true;
        }

        if (_move is not null) return false; // it wakes
        var nobody = _run.FirstFault is { } first ? _run.Surface(first) : _budget?.Refusal is { } refusal ? _run.Surface(refusal) : new HybridException(HybridError.NoTargetAllowed, "No target is left: " + _decision.ExplainLine() + ".");
        Fail(nobody, RequestFinish.Failed);
        return true;
    }

    /// <summary>The best target that may go on: at first who was planned to.</summary>
    private TargetAssessment? Next(string? except)
    {
        foreach (var candidate in Order())
        {
            if (candidate.Name == except || candidate.Name == _speaker?.Name || candidate.Name == _rival?.Name || _tried.Contains(candidate.Name)) continue;
            if (PassOver(candidate) is not { } reason) return candidate;
            _run.PassOver(candidate.Name, reason);
            _tried.Add(candidate.Name);
        }

        return null;
    }

    private IEnumerable<TargetAssessment> Order()
    {
        if (_run.FirstFault is null && _decision.Bridge is { } bridge) yield return Assessed(bridge.Target);
        if (_decision.Chosen is { } chosen) yield return chosen;
        foreach (var standby in _decision.Standbys) yield return standby;
    }

    private string? PassOver(TargetAssessment candidate)
    {
        var isFirst = _run.FirstFault is null && !_run.HasSaid;
        if ((!isFirst || _speaker is not null) && _services.Network?.IsOutOfReach(_services.Find(candidate.Name)) == true) return NetworkState.Down;
        if (isFirst) return null;
        if (_run.Said.Length > 0 && _services.IsDistrusted(candidate.Name)) return "it started its answer over when it was asked to go on";
        return FailoverRule.PassOver(_services.Find(candidate.Name).Descriptor, candidate, _run, OpenCost(), _policy);
    }

    /// <summary>Dollars and grams of the attempts that are open, about.</summary>
    private (double Dollars, double Grams) OpenCost()
    {
        var (dollars, grams) = (0.0, 0.0);
        foreach (var attempt in (ReadOnlySpan<Attempt?>)[_speaker, _rival, _move?.Attempt])
        {
            if (attempt is null) continue;
            var (one, other) = attempt.Taken;
            (dollars, grams) = (dollars + one, grams + other);
        }

        return (dollars, grams);
    }

    private Attempt Open(TargetAssessment candidate, DecodeRequest request)
    {
        var target = _services.Find(candidate.Name);
        if (_confidence is not null && request.LogProbabilities is null && target.Descriptor.Capabilities.HasFlag(TargetCapabilities.LogProbabilities)) request = request with { LogProbabilities = 0 };
        _confidence?.Clear();
        _last = (target.Descriptor.Name, target.Descriptor.Model);
        var terms = new AttemptTerms(_decision.Profile.InputTokens + _run.SaidTokens, _decision.Seen(candidate.Name), _budget, Math.Max(_policy.OutputTokensBound - _run.SaidTokens, 1), _activity, NetworkState.Needs(target) ? _services.Network : null);
        return new(target, Traced(target, request), terms, _signal, _time, _services.Energy, _either);
    }

    private void Seam(string to, HandoverReason reason, int discarded)
    {
        var from = _left?.Name ?? _speaker?.Name;
        if (from is null) return;
        _left = null;
        _seam = new() { From = from, To = to, Reason = reason, AtToken = _run.SaidTokens, DiscardedTokens = discarded };
        _run.Add(_seam);
        LogHandover(_services.Logger, _request.Id, from, to, reason, _run.SaidTokens);
    }
}
