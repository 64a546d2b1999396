using Hybrid.Accounting;
using Hybrid.Targets;
using Microsoft.Extensions.Logging;

namespace Hybrid.Network;

/// <summary>Whether the targets that need a network can be reached: going down is one event, and so is coming back.</summary>
/// <remarks>
/// <para>It is down when the monitor says so, or when connections to two different targets broke within <see cref="Together"/> and
/// nothing came from any since. While it is down such targets are shown as unavailable, and attempts on them end at once.</para>
/// <para>It is back when the monitor says so after it had said otherwise, or when a target answers a probe (<see cref="Probing"/>).
/// A target without a probe is let through for one request instead.</para>
/// </remarks>
internal sealed partial class NetworkState : IDisposable
{
    public const string Down = "the network is down";

    /// <summary>Connections that break so close to each other broke for one reason.</summary>
    public static readonly TimeSpan Together = TimeSpan.FromSeconds(1);

    private static readonly TargetState Unavailable = new(TargetReadiness.Unavailable, Down);
    private readonly Lock _lock = new();
    private readonly INetworkMonitor _monitor;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Probing _probing;
    private readonly Dictionary<string, long> _broken = [];
    private CancellationTokenSource _lost = new();
    private volatile bool _down;
    private volatile bool _suspicious;
    private volatile string? _letThrough;
    private bool _available = true;
    private bool _monitorSaidSo;
    private long _since;
    private bool _disposed;

    private NetworkState(ITarget[] targets, INetworkMonitor monitor, TimeProvider time, Func<double> draw, ILogger logger)
    {
        (_monitor, _time, _logger) = (monitor, time, logger);
        _probing = new(targets, time, draw, Heard);
        monitor.Changed += OnChanged;
        OnChanged(null, EventArgs.Empty);
    }

    public bool IsDown => _down;

    /// <summary>Watches the network for these targets.</summary>
    /// <param name="targets">All targets.</param>
    /// <param name="monitor">Null: the system's.</param>
    /// <param name="time">The clock of delays.</param>
    /// <param name="draw">Even chance of 0 to below 1; thread-safe.</param>
    /// <param name="logger">Told once when it goes down and once when it is back.</param>
    /// <returns>Null where no target needs a network.</returns>
    public static NetworkState? Of(IEnumerable<ITarget> targets, INetworkMonitor? monitor, TimeProvider time, Func<double> draw, ILogger logger)
    {
        ITarget[] needing = [.. targets.Where(Needs)];
        return needing.Length == 0 ? null : new(needing, monitor ?? SystemNetworkMonitor.Instance, time, draw, logger);
    }

    public static bool Needs(ITarget target) => target is INetworkTarget { NeedsNetwork: true } && target.Descriptor.Zone != Zone.Device;

    /// <summary>Whether nothing may be sent to this target now.</summary>
    public bool IsOutOfReach(ITarget target) => _down && Needs(target) && _letThrough != target.Descriptor.Name;

    /// <summary>The target's state as the policy is to see it.</summary>
    public TargetState StateOf(ITarget target) => IsOutOfReach(target) ? Unavailable : target.State;

    /// <summary>An attempt on a target that needs the network begins.</summary>
    /// <returns>Fires when the network goes down; has fired where it is down already, but for the one attempt that is let through.</returns>
    public CancellationToken Enter(string target)
    {
        lock (_lock)
        {
            if (_letThrough != target) return _lost.Token;
            _letThrough = null;
            return CancellationToken.None;
        }
    }

    /// <summary>Something came from a target that needs the network, in an attempt that was not told of its loss.</summary>
    public void Reached(string target)
    {
        if (!_suspicious && !_down) return; // for every token: nothing is written
        lock (_lock)
        {
            _broken.Clear();
            _suspicious = false;
        }

        GoUp($"{target} answers");
    }

    /// <summary>An attempt on a target that needs the network failed.</summary>
    public void Failed(string target, Exception fault)
    {
        if (!BrokenConnection.Is(fault)) return;
        string[] broken;
        lock (_lock)
        {
            if (_down) return;
            _broken[target] = _time.GetTimestamp();
            broken = [.. _broken.Where(one => _time.GetElapsedTime(one.Value) <= Together).Select(one => one.Key)];
            _suspicious = true;
        }

        if (broken.Length > 1) GoDown($"the connections to {string.Join(" and ", broken)} broke at the same time", byMonitor: false);
    }

    public void Dispose()
    {
        _monitor.Changed -= OnChanged;
        lock (_lock)
        {
            if (_disposed) return;
            _disposed = true;
            if (_down) HybridMeter.NetworkBack();
            _probing.Dispose();
        }
    }

    private void OnChanged(object? sender, EventArgs e)
    {
        bool available, was, saidSo;
        lock (_lock)
        {
            (was, _available) = (_available, _monitor.IsAvailable);
            (available, saidSo) = (_available, _monitorSaidSo);
        }

        if (available && saidSo) GoUp("a network is available");
        else if (available) ProbeAnew(); // perhaps it is another network than the one that failed
        else if (was) GoDown("no network is available", byMonitor: true); // a probe may have shown since that there is one
    }

    private void GoDown(string reason, bool byMonitor)
    {
        CancellationTokenSource lost;
        lock (_lock)
        {
            _monitorSaidSo |= byMonitor;
            if (_down || _disposed) return;
            (_down, _since, lost) = (true, _time.GetTimestamp(), _lost);
            HybridMeter.NetworkLost();
            _probing.Start();
        }

        LogDown(_logger, reason);
        lost.Cancel();
    }

    private void GoUp(string reason)
    {
        lock (_lock)
        {
            if (!_down || _disposed) return;
            (_down, _monitorSaidSo, _letThrough, _suspicious) = (false, false, null, false);
            _broken.Clear();
            _lost = new();
            _probing.Stop();
            HybridMeter.NetworkBack();
        }

        LogBack(_logger, _time.GetElapsedTime(_since).TotalSeconds, reason);
    }

    private void ProbeAnew()
    {
        lock (_lock)
        {
            if (_down && !_disposed) _probing.Start();
        }
    }

    private void Heard(ITarget target, bool? answered)
    {
        var name = target.Descriptor.Name;
        lock (_lock) _letThrough = answered is null && _down ? name : null;
        if (answered == true) GoUp($"{name} answers");
    }

    [LoggerMessage(1401, LogLevel.Warning, "The network is down: {Reason}. Requests stay local, and what was said elsewhere goes on here, until it is back.")]
    private static partial void LogDown(ILogger logger, string reason);

    [LoggerMessage(1402, LogLevel.Information, "The network is back after {Seconds} s: {Reason}.")]
    private static partial void LogBack(ILogger logger, double seconds, string reason);
}
