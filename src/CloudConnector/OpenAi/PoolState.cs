using Hybrid.Targets;

namespace Hybrid.CloudConnector.OpenAi;

/// <summary>What is known of a pool now, and how long it asked to be left alone.</summary>
internal sealed class PoolState(TimeSpan retryAfter, TimeProvider time)
{
    private volatile TargetState _state = new(TargetReadiness.Unknown, "not asked yet");
    private volatile Pause? _pause;

    /// <summary>A failure counts for a while; then the pool may be tried again.</summary>
    public TargetState Now
    {
        get
        {
            if (_pause is { } pause)
            {
                if (time.GetElapsedTime(pause.At) < pause.For)
                    return new(TargetReadiness.Unavailable, pause.Reason);
                _pause = null;
            }

            return _state;
        }
    }

    /// <summary>An answer came.</summary>
    public void Answered()
    {
        if (_pause is { Asked: false })
            _pause = null;
        if (_state.Readiness != TargetReadiness.Warm)
            _state = TargetState.Warm;
    }

    /// <summary>The pool said how it is; it may still want to be left alone, but no longer counts as failed.</summary>
    public void Heard(TargetState state)
    {
        _state = state;
        if (_pause is { Asked: false })
            _pause = null;
    }

    /// <summary>It failed, and is not tried for a while.</summary>
    public void Failed(string reason)
    {
        _state = new(TargetReadiness.Unknown, "failed a while ago and not asked since");
        if (_pause is not { Asked: true } || Now.Readiness != TargetReadiness.Unavailable)
            _pause = new(time.GetTimestamp(), retryAfter, reason, Asked: false);
    }

    /// <summary>It said for how long it wants to be left alone.</summary>
    public void LeaveAlone(TimeSpan pause, string reason) => _pause = new(time.GetTimestamp(), pause, reason, Asked: true);

    private sealed record Pause(long At, TimeSpan For, string Reason, bool Asked);
}
