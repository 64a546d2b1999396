using System.Net;
using System.Net.Sockets;

namespace Hybrid.CloudConnector.Tests;

/// <summary>Passes one connection after another to a server, and cuts each after so many bytes of the server's answer.</summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Uri _server;
    private readonly Task _accepting;

    public CuttingProxy(Uri server)
    {
        _server = server;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Endpoint => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>Bytes of the server that pass on each connection.</summary>
    public int Limit { get; set; } = int.MaxValue;

    /// <summary>Whether the cut is a reset rather than an orderly end.</summary>
    public bool Reset { get; set; }

    /// <summary>Bytes of the server that passed on the last connection.</summary>
    public int Passed { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = PassAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task PassAsync(TcpClient client)
    {
        using var server = new TcpClient();
        using (client)
        {
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, _server.Port, _stop.Token);
                var up = client.GetStream().CopyToAsync(server.GetStream(), _stop.Token);
                await DownAsync(server.GetStream(), client.GetStream());
                if (Reset)
                    client.Client.LingerState = new LingerOption(enable: true, seconds: 0);
                _ = up.ContinueWith(static task => _ = task.Exception, TaskScheduler.Default);
            }
            catch (Exception exception) when (exception is OperationCanceledException or SocketException or IOException)
            {
                // One side went away, which is what such tests are for.
            }
        }
    }

    private async Task DownAsync(NetworkStream from, NetworkStream to)
    {
        Passed = 0;
        var buffer = new byte[4096];
        while (Passed < Limit)
        {
            var count = await from.ReadAsync(buffer.AsMemory(0, Math.Min(buffer.Length, Limit - Passed)), _stop.Token);
            if (count == 0)
                return;
            await to.WriteAsync(buffer.AsMemory(0, count), _stop.Token);
            Passed += count;
        }
    }
}
