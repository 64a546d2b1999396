using System.Net;
using System.Net.Sockets;

namespace Hybrid.CloudConnector.Tests.Pools;

/// <summary>Carries TCP to a server and spoils the way back as it is told.</summary>
internal sealed class ToxicProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _disposed = new();
    private readonly Uri _server;
    private readonly Task _accepting;

    public ToxicProxy(Uri server)
    {
        _server = server;
        _listener.Start();
        Endpoint = new Uri($"http://{_listener.LocalEndpoint}");
        _accepting = AcceptAsync();
    }

    public Uri Endpoint { get; }

    /// <summary>Bytes of the server that a connection lets through before it breaks.</summary>
    public int CutAfter { get; set; } = int.MaxValue;

    /// <summary>Breaks with a reset instead of an orderly end.</summary>
    public bool Reset { get; set; }

    /// <summary>Most bytes passed on at once.</summary>
    public int Slice { get; set; } = 65536;

    public async ValueTask DisposeAsync()
    {
        await _disposed.CancelAsync();
        _listener.Stop();
        await _accepting;
        _disposed.Dispose();
    }

    private async Task AcceptAsync()
    {
        var running = new List<Task>();
        try
        {
            while (true)
                running.Add(CarryAsync(await _listener.AcceptSocketAsync(_disposed.Token)));
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(running);
        }
    }

    private async Task CarryAsync(Socket client)
    {
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        try
        {
            await server.ConnectAsync(_server.Host, _server.Port, _disposed.Token);
            await Task.WhenAny(PumpAsync(client, server, int.MaxValue), PumpAsync(server, client, CutAfter));
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException)
        {
            // Either side went away; so does the other.
        }

        if (Reset)
            client.LingerState = new LingerOption(true, 0);
        client.Dispose();
    }

    private async Task PumpAsync(Socket from, Socket to, int most)
    {
        var buffer = new byte[Slice];
        try
        {
            while (most > 0)
            {
                var read = await from.ReceiveAsync(buffer.AsMemory(0, Math.Min(most, buffer.Length)), _disposed.Token);
                if (read == 0)
                    return;
                await to.SendAsync(buffer.AsMemory(0, read), _disposed.Token);
                most -= read;
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // As above.
        }
    }
}
