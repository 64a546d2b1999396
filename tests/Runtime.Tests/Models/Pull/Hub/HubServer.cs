using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Hybrid.Tests.Models.Pull;

/// <summary>A small HTTP/1.1 server on this machine that sends exactly the bytes it is told to, and counts them.</summary>
internal sealed class HubServer : IAsyncDisposable
{
    private const int PieceBytes = 16 << 10;
    private readonly TcpListener _listener;
    private readonly ConcurrentDictionary<Socket, bool> _open = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;
    private int _number;
    private long _served;

    /// <param name="address">Another loopback address is another host.</param>
    public HubServer(string address = "127.0.0.1")
    {
        _listener = new(IPAddress.Parse(address), 0);
        _listener.Start();
        Address = new($"http://{address}:{((IPEndPoint)_listener.LocalEndpoint).Port}");
        _loop = ListenAsync();
    }

    public Uri Address { get; }

    public string Endpoint => Address.AbsoluteUri.TrimEnd('/');

    public Func<HubRequest, HubAnswer> Answer { get; set; } = _ => new(404);

    public ConcurrentQueue<HubRequest> Asked { get; } = new();

    /// <summary>Bytes of files that were sent; those of listings are not counted.</summary>
    public long Served => Interlocked.Read(ref _served);

    /// <summary>Asked before each piece of a body how much of it may be sent; less than all ends the connection.</summary>
    public Func<int, int>? Budget { get; set; }

    /// <summary>Awaited before each piece of a body.</summary>
    public Func<HubRequest, Task> Hold { get; set; } = _ => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested)
            return;
        await _stop.CancelAsync();
        await _loop; // before the listener stops: between two accepts it would be asked once more
        _listener.Stop();
        foreach (var socket in _open.Keys)
            socket.Dispose();
    }

    private async Task ListenAsync()
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptSocketAsync(_stop.Token);
                _ = Task.Run(() => ServeAsync(socket)); // an answer may take its time, and nobody else waits for it
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        _open[socket] = true;
        try
        {
            socket.NoDelay = true;
            while (await ReadHeadAsync(socket) is { } head)
            {
                var request = HubRequest.Read(Interlocked.Increment(ref _number), head);
                Asked.Enqueue(request);
                if (!await SendAsync(socket, request, Answer(request)))
                    break;
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The other side has gone.
        }
        finally
        {
            _open.TryRemove(socket, out _);
            socket.Dispose();
        }
    }

    private static async Task<string?> ReadHeadAsync(Socket socket)
    {
        var head = new StringBuilder();
        var buffer = new byte[4096];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            var read = await socket.ReceiveAsync(buffer);
            if (read == 0)
                return null;
            head.Append(Encoding.ASCII.GetString(buffer, 0, read));
        }

        return head.ToString();
    }

    /// <returns>Whether the connection can be used again.</returns>
    private async Task<bool> SendAsync(Socket socket, HubRequest request, HubAnswer answer)
    {
        var chunked = answer.ClaimedLength < 0;
        var head = new StringBuilder($"HTTP/1.1 {answer.Status} Said\r\n");
        foreach (var (name, value) in answer.Headers)
            head.Append($"{name}: {value}\r\n");
        if (answer.Status != 304 && !answer.Headers.ContainsKey("Content-Length"))
            head.Append(chunked ? "Transfer-Encoding: chunked\r\n" : $"Content-Length: {answer.ClaimedLength ?? answer.Body.Length}\r\n");
        await SendAllAsync(socket, Encoding.ASCII.GetBytes(head.Append("\r\n").ToString()));
        if (request.Method == "HEAD")
            return true;
        var end = Math.Min(answer.Body.Length, Math.Min(answer.CutAfter ?? int.MaxValue, answer.HangAfter ?? int.MaxValue));
        if (chunked && end > 0)
            await SendAllAsync(socket, Encoding.ASCII.GetBytes($"{answer.Body.Length:x}\r\n"));
        for (var at = 0; at < end;)
        {
            var piece = answer.Body[at..Math.Min(at + PieceBytes, end)];
            await Hold(request);
            var allowed = Budget?.Invoke(piece.Length) ?? piece.Length;
            // Counted first: whoever has the bytes may look at once.
            Interlocked.Add(ref _served, answer.Headers.ContainsKey("Content-Type") ? 0 : allowed);
            await SendAllAsync(socket, piece[..allowed]);
            at += allowed;
            if (allowed < piece.Length)
                return false;
        }

        if (answer.HangAfter is not null)
        {
            while (await socket.ReceiveAsync(new byte[256]) > 0) continue;
            return false;
        }

        if (answer.CutAfter is not null)
            return false;
        if (chunked)
            await SendAllAsync(socket, "\r\n0\r\n\r\n"u8.ToArray());
        return chunked || (answer.ClaimedLength ?? answer.Body.Length) == answer.Body.Length;
    }

    private static async Task SendAllAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
            bytes = bytes[await socket.SendAsync(bytes)..];
    }
}
