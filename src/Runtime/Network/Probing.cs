using Hybrid.Targets;

namespace Hybrid.Network;

/// <summary>Asks one target at a time whether it can be reached: after 1, 2, 4 ... at most 30 s, with full jitter.</summary>
/// <remarks>Any delay up to the longest of its turn is as likely, so that devices that lost the network together do not come back together.</remarks>
/// <param name="targets">Who is asked, in turn; each an <see cref="INetworkTarget"/>.</param>
/// <param name="time">The clock of delays.</param>
/// <param name="draw">Even chance of 0 to below 1; thread-safe.</param>
/// <param name="heard">Told of each probe: the target, and whether it answered; null where it cannot be asked so.</param>
internal sealed class Probing(ITarget[] targets, TimeProvider time, Func<double> draw, Action<ITarget, bool?> heard) : IDisposable
{
    private const double LongestDelaySeconds = 30;
    private static readonly TimeSpan LongestProbe = TimeSpan.FromSeconds(5);
    private readonly Lock _lock = new();
    private ITimer? _timer;
    private int _turn;
    private int _delays;

    /// <summary>Begins, with the shortest delay; again if it has begun.</summary>
    public void Start()
    {
        lock (_lock)
        {
            _timer ??= time.CreateTimer(_ => _ = ProbeAsync(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _delays = 0;
            Schedule();
        }
    }

    public void Stop()
    {
        lock (_lock)
        {
            _timer?.Dispose();
            _timer = null;
        }
    }

    public void Dispose() => Stop();

    /// <summary>Asks one target once.</summary>
    /// <returns>As <see cref="INetworkTarget.ProbeAsync"/>; false too where it throws, or takes longer than any probe may (5 s, or what is said).</returns>
    public static async Task<bool?> AskAsync(INetworkTarget target, TimeProvider time, CancellationToken cancellationToken, TimeSpan? longest = null)
    {
        try
        {
            using var late = new CancellationTokenSource(longest ?? LongestProbe, time);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
            return await target.ProbeAsync(limit.Token).AsTask().WaitAsync(limit.Token).ConfigureAwait(false);
        }
        catch (Exception) // whatever it is, it is no answer
        {
            return false;
        }
    }

    private void Schedule()
    {
        var longest = Math.Min(Math.ScaleB(1, Math.Min(_delays++, 10)), LongestDelaySeconds);
        _timer?.Change(TimeSpan.FromSeconds(longest * draw()), Timeout.InfiniteTimeSpan);
    }

    private async Task ProbeAsync()
    {
        ITarget target;
        lock (_lock)
        {
            if (_timer is null) return;
            target = targets[_turn++ % targets.Length];
        }

        heard(target, await AskAsync((INetworkTarget)target, time, CancellationToken.None).ConfigureAwait(false));
        lock (_lock) Schedule();
    }
}
