using System.Net;
using System.Net.Sockets;

namespace Hybrid.Edge.Tests.Mqtt;

/// <summary>Stands between a client and a broker, and cuts connections: all at once, or one after so many bytes of one direction.</summary>
internal sealed class Proxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Socket> _open = [];
    private readonly Lock _lock = new();
    private readonly Uri _broker;
    private readonly Task _accepting;
    private (long ToBroker, long ToClient)? _cutAfter;

    public Proxy(Uri broker)
    {
        _broker = broker;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Endpoint => new($"mqtt://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>Connections taken so far.</summary>
    public int Connections { get; private set; }

    /// <summary>Bytes that went through, in both directions.</summary>
    public (long ToBroker, long ToClient) Passed { get; private set; }

    /// <summary>Whether new connections are closed at once.</summary>
    public bool IsDown { get; set; }

    /// <summary>Has the connections cut behind that many bytes from now, once.</summary>
    public void CutAfter(long toBroker = long.MaxValue, long toClient = long.MaxValue)
    {
        lock (_lock) _cutAfter = (toBroker, toClient);
    }

    /// <summary>Cuts what is open, without a goodbye.</summary>
    public void Cut()
    {
        lock (_lock)
        {
            foreach (var socket in _open) Break(socket);

            _open.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        Cut();
        await _accepting;
        _stop.Dispose();
    }

    private static void Break(Socket socket)
    {
        try
        {
            socket.LingerState = new(true, 0);
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
            // It is closed already.
        }

        socket.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptSocketAsync(_stop.Token);
                if (IsDown)
                {
                    client.Dispose();
                    continue;
                }

                var broker = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                client.NoDelay = true;
                lock (_lock)
                {
                    Connections++;
                    _open.AddRange([client, broker]);
                }

                _ = JoinAsync(client, broker);
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or InvalidOperationException)
        {
            // It is disposed.
        }
    }

    private async Task JoinAsync(Socket client, Socket broker)
    {
        try
        {
            await broker.ConnectAsync(_broker.Host, _broker.Port, _stop.Token);
            await Task.WhenAll(CopyAsync(client, broker, toBroker: true), CopyAsync(broker, client, toBroker: false));
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The other side goes, too.
        }

        lock (_lock)
        {
            _open.Remove(client);
            _open.Remove(broker);
        }

        client.Dispose();
        broker.Dispose();
    }

    private async Task CopyAsync(Socket from, Socket to, bool toBroker)
    {
        var bytes = new byte[64 << 10];
        while (await from.ReceiveAsync(bytes, _stop.Token) is var read and > 0)
        {
            var (pass, cut) = Count(read, toBroker);
            for (var sent = 0; sent < pass;) sent += await to.SendAsync(bytes.AsMemory(sent, pass - sent), _stop.Token);
            if (!cut) continue;

            // What was let through must arrive: so an orderly end there, and a hard one here.
            to.Shutdown(SocketShutdown.Send);
            Break(from);
            to.Dispose();
            return;
        }

        to.Shutdown(SocketShutdown.Send);
    }

    private (int Pass, bool Cut) Count(int read, bool toBroker)
    {
        lock (_lock)
        {
            Passed = toBroker ? (Passed.ToBroker + read, Passed.ToClient) : (Passed.ToBroker, Passed.ToClient + read);
            if (_cutAfter is not { } after) return (read, false);
            var left = toBroker ? after.ToBroker : after.ToClient;
            if (read < left)
            {
                _cutAfter = toBroker ? (left == long.MaxValue ? left : left - read, after.ToClient) : (after.ToBroker, left == long.MaxValue ? left : left - read);
                return (read, false);
            }

            _cutAfter = null;
            return ((int)left, true);
        }
    }
}
