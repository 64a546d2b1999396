using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Hybrid.Tests.Accounting.Carbon;

/// <summary>A real HTTP server on a free port of this machine that says what it is told to, one answer to a connection.</summary>
internal sealed class GridServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Task _loop;

    public GridServer()
    {
        _listener.Start();
        Address = new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/v3");
        _loop = ListenAsync();
    }

    public Uri Address { get; }

    /// <summary>Status and body for a path with its query.</summary>
    public Func<string, (int Status, string Body)> Answer { get; set; } = _ => (404, "");

    /// <summary>Whether a path is never answered.</summary>
    public Func<string, bool> Hangs { get; set; } = _ => false;

    /// <summary>The head of every request.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    public TaskCompletionSource Arrived { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IEnumerable<string> Paths => Asked.Select(head => head.Split(' ')[1]);

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _loop;
    }

    private async Task ListenAsync()
    {
        try
        {
            while (true) _ = ServeAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            var stream = client.GetStream();
            var head = new StringBuilder();
            var buffer = new byte[4096];
            while (!head.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
            {
                var read = await stream.ReadAsync(buffer);
                if (read == 0) return;
                head.Append(Encoding.ASCII.GetString(buffer, 0, read));
            }

            Asked.Enqueue(head.ToString());
            Arrived.TrySetResult();
            var path = head.ToString().Split(' ')[1];
            if (Hangs(path))
            {
                // Until the other side has had enough.
                while (await stream.ReadAsync(buffer) > 0) continue;
                return;
            }

            var (status, body) = Answer(path);
            var bytes = Encoding.UTF8.GetBytes(body);
            var location = status is 302 ? "Location: /elsewhere\r\n" : "";
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\n{location}Content-Length: {bytes.Length}\r\nConnection: close\r\n\r\n"));
            await stream.WriteAsync(bytes);
        }
    }
}
