using Hybrid.Configuration;

namespace Hybrid.CloudConnector.Pools.Health;

/// <summary>One replica's failures in a row, its ejections and its way back. Times are since the pool began; not thread-safe.</summary>
/// <remarks>
/// Out for <see cref="ReplicaHealthOptions.EjectionTime"/> times the ejections that are remembered; one is forgotten for each interval that
/// it was in. Once its time is over it is on trial, with one request at a time, until one of them brings something; then its share grows.
/// </remarks>
internal sealed class ReplicaHealth(ReplicaHealthOptions options)
{
    /// <summary>The share at the beginning of the way back, as in Envoy.</summary>
    private const double LeastShare = 0.1;

    /// <summary>How long somebody else is asked after a connection failed: long before five have failed it is known that nobody is there.</summary>
    private static readonly TimeSpan Wary = TimeSpan.FromSeconds(1);

    private readonly Queue<TimeSpan> _failures = [];
    private TimeSpan? _outUntil;
    private TimeSpan? _restsUntil;
    private TimeSpan? _rampFrom;
    private TimeSpan? _unwellUntil;
    private TimeSpan? _waryUntil;
    private TimeSpan _wellSince;
    private int _ejections;
    private bool _gone;
    private TimeSpan? _failedAt;
    private TimeSpan? _goodAt;
    private bool _cameBackByProbe;

    /// <summary>Ejections that are remembered.</summary>
    public int Ejections => _ejections;

    /// <summary>Failures since the last success, of the last interval.</summary>
    public int Failures => _failures.Count;

    /// <summary>How long nothing may be heard of it before it is asked how it is: shorter where something is wrong.</summary>
    public TimeSpan ProbeAfter(TimeSpan now) => Failures > 0 || IsOnTrial || OutUntil(now) is not null || IsUnwell(now) ? Wary : options.ProbeAfter;

    /// <summary>Whether it has yet to show that it answers again.</summary>
    public bool IsOnTrial { get; private set; }

    /// <summary>When something was heard of it last.</summary>
    public TimeSpan? HeardAt { get; private set; }

    /// <summary>Until when it is out; null: it is in.</summary>
    public TimeSpan? OutUntil(TimeSpan now)
    {
        if (_outUntil is not { } until || now < until) return _outUntil;
        (_outUntil, IsOnTrial, _wellSince) = (null, true, until);
        _failures.Clear();
        return null;
    }

    /// <summary>Until when it asked to be left alone; null: it did not.</summary>
    public TimeSpan? RestsUntil(TimeSpan now) => _restsUntil > now ? _restsUntil : null;

    /// <summary>Whether it is neither out nor left alone once so much time has passed: a process that was gone may come back at any moment.</summary>
    public bool MayBeBack(TimeSpan now, TimeSpan within) =>
        (RestsUntil(now) ?? now) <= now + within && ((OutUntil(now) ?? now) <= now + within || (within > TimeSpan.Zero && _gone && !_cameBackByProbe));

    /// <summary>Whether a probe found it unwell, or it could not be reached a moment ago, and nothing good was heard since.</summary>
    public bool IsUnwell(TimeSpan now) => _unwellUntil > now || _waryUntil > now;

    /// <summary>Whether a good probe or something of an answer came since it failed last.</summary>
    public bool HasRecovered => _failedAt is not { } failed || _goodAt >= failed;

    /// <summary>0.1 to 1: the part of its weight that counts.</summary>
    public double RampAt(TimeSpan now)
    {
        if (IsOnTrial) return LeastShare;
        if (_rampFrom is not { } from) return 1;
        var done = options.SlowStart > TimeSpan.Zero ? (now - from) / options.SlowStart : 1;
        if (done < 1) return Math.Max(done, LeastShare);
        _rampFrom = null;
        return 1;
    }

    /// <summary>A request failed on it.</summary>
    /// <param name="now">When.</param>
    /// <param name="unavailable">Whether it seems unable to answer anybody.</param>
    /// <param name="gone">Whether its connection broke, as of a process that ended.</param>
    /// <returns>Whether it is to be ejected, if its pool can spare it.</returns>
    public bool Failed(TimeSpan now, bool unavailable = false, bool gone = false)
    {
        HeardAt = now;
        (_gone, _failedAt) = (gone, now);
        if (unavailable) _waryUntil = now + Wary;
        while (_failures.TryPeek(out var oldest) && (now - oldest > options.Interval || _failures.Count >= options.ConsecutiveFailures)) _failures.Dequeue();
        _failures.Enqueue(now);
        return OutUntil(now) is null && _failures.Count >= options.ConsecutiveFailures;
    }

    /// <summary>Takes it out.</summary>
    /// <returns>For how long.</returns>
    public TimeSpan Eject(TimeSpan now)
    {
        Forget(now);
        _ejections++;
        var time = options.EjectionTime * _ejections;
        if (time > options.MaxEjectionTime) time = options.MaxEjectionTime;
        (_outUntil, IsOnTrial, _rampFrom) = (now + time, false, null);
        return time;
    }

    /// <summary>It has failed like one to eject, and the pool cannot spare it: it has to show that it answers.</summary>
    public void PutOnTrial() => IsOnTrial = true;

    /// <summary>Something of an answer came.</summary>
    public void Began(TimeSpan now)
    {
        (HeardAt, _goodAt) = (now, now);
        (_unwellUntil, _waryUntil, _cameBackByProbe) = (null, null, false);
        if (!IsOnTrial) return;
        (IsOnTrial, _rampFrom) = (false, now);
    }

    /// <summary>A whole answer came.</summary>
    public void Succeeded(TimeSpan now)
    {
        (HeardAt, _goodAt) = (now, now);
        _failures.Clear();
    }

    /// <summary>It asked to be left alone.</summary>
    public void Rest(TimeSpan until) => _restsUntil = until > _restsUntil ? until : _restsUntil ?? until;

    /// <summary>A probe answered, well or not. A process that was gone and answers again has come back, once until it brings something.</summary>
    public void Probed(TimeSpan now, bool well)
    {
        HeardAt = now;
        if (well && _gone && !_cameBackByProbe && OutUntil(now) is not null)
        {
            (_outUntil, IsOnTrial, _wellSince, _cameBackByProbe) = (null, true, now, true);
            _failures.Clear();
        }

        if (well) (_goodAt, _waryUntil) = (now, _gone ? null : _waryUntil);
        _unwellUntil = well ? null : now + (options.ProbeAfter * 2);
    }

    private void Forget(TimeSpan now)
    {
        var well = (int)Math.Min((now - _wellSince) / options.Interval, int.MaxValue);
        _ejections = Math.Max(0, _ejections - well);
        _wellSince = now;
    }
}
