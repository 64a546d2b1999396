using System.Runtime.InteropServices;

namespace Hybrid.Cli;

/// <summary>The signals of a process that runs until it is told to stop: the first SIGTERM or SIGINT asks, the second insists.</summary>
internal sealed class Signals : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _now = new();
    private readonly List<PosixSignalRegistration> _registered = [];

    /// <param name="reload">Called for each SIGHUP, on a thread of the system's; null: SIGHUP ends the process as usual.</param>
    public Signals(Action? reload = null)
    {
        _registered.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnStop));
        _registered.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, OnStop));
        if (reload is null || OperatingSystem.IsWindows()) return;
        _registered.Add(PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
        {
            context.Cancel = true;
            reload();
        }));
    }

    /// <summary>The process should stop.</summary>
    public CancellationToken Stop => _stop.Token;

    /// <summary>The process should stop at once.</summary>
    public CancellationToken Now => _now.Token;

    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, Stop);
        await Task.Delay(Timeout.Infinite, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose()
    {
        foreach (var one in _registered) one.Dispose();
        _stop.Dispose();
        _now.Dispose();
    }

    private void OnStop(PosixSignalContext context)
    {
        context.Cancel = true;
        (_stop.IsCancellationRequested ? _now : _stop).Cancel();
    }
}
