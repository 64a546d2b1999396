using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace Hybrid.Cli.Agent;

/// <summary>Tells systemd how the process is, by the datagrams of sd_notify(3); where nobody listens, nothing is sent.</summary>
internal sealed class ServiceNotifier : IAsyncDisposable
{
    private readonly Socket? _socket;
    private readonly UnixDomainSocketEndPoint? _to;
    private readonly CancellationTokenSource _stopped = new();
    private readonly Task _watchdog = Task.CompletedTask;

    /// <param name="path">NOTIFY_SOCKET: a path, or a name after an @; null: nobody listens.</param>
    /// <param name="watchdog">WATCHDOG_USEC: within how many microseconds a sign of life is wanted; null: none is.</param>
    /// <param name="time">The clock of the signs of life.</param>
    public ServiceNotifier(string? path, string? watchdog, TimeProvider time)
    {
        if (string.IsNullOrEmpty(path) || OperatingSystem.IsWindows()) return;
        _to = new(path[0] == '@' ? '\0' + path[1..] : path);
        _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false }; // a manager that does not read must not hold up the work
        if (long.TryParse(watchdog, out var microseconds) && microseconds > 0) _watchdog = WatchAsync(TimeSpan.FromMicroseconds(microseconds / 2.0), time);
    }

    /// <summary>What the process' environment says.</summary>
    public static ServiceNotifier OfEnvironment(TimeProvider time)
    {
        // A watchdog that is meant for another process is not fed.
        var mine = Environment.GetEnvironmentVariable("WATCHDOG_PID") is not { Length: > 0 } pid || pid == Environment.ProcessId.ToString();
        return new(Environment.GetEnvironmentVariable("NOTIFY_SOCKET"), mine ? Environment.GetEnvironmentVariable("WATCHDOG_USEC") : null, time);
    }

    public void Ready(string status) => Send($"READY=1\nSTATUS={status}");

    public void Reloading() => Send($"RELOADING=1\nMONOTONIC_USEC={Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1_000_000)}");

    public void Stopping() => Send("STOPPING=1\nSTATUS=Running answers end; new ones are refused.");

    public async ValueTask DisposeAsync()
    {
        await _stopped.CancelAsync();
        await _watchdog;
        _socket?.Dispose();
        _stopped.Dispose();
    }

    private async Task WatchAsync(TimeSpan every, TimeProvider time)
    {
        while (!_stopped.IsCancellationRequested)
        {
            Send("WATCHDOG=1"); // from the pool: one that is stuck sends none
            await Task.Delay(every, time, _stopped.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Send(string words)
    {
        try
        {
            _socket?.SendTo(Encoding.UTF8.GetBytes(words), _to!);
        }
        catch (SocketException)
        {
            // Nobody listens or reads any more; the work goes on.
        }
    }
}
