using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Hybrid.CloudConnector.Tests.OpenAi;

/// <summary>A server over plain sockets that answers each request with the bytes that a test writes, well or badly.</summary>
internal sealed class RawServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ended = new();
    private readonly Func<RawExchange, Task> _answer;
    private readonly X509Certificate2? _certificate;
    private readonly Task _loop;

    public RawServer(Func<RawExchange, Task> answer, X509Certificate2? certificate = null)
    {
        (_answer, _certificate) = (answer, certificate);
        _listener.Start();
        _loop = AcceptAsync();
    }

    /// <summary>The requests that came, in their order.</summary>
    public List<RawExchange> Asked { get; } = [];

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public Uri Endpoint => new($"{(_certificate is null ? "http" : "https")}://127.0.0.1:{Port}");

    public static RawServer Saying(params string[] pieces) => new(exchange => exchange.SayAsync(string.Concat(pieces)));

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        _listener.Stop();
        await _loop;
        _ended.Dispose();
    }

    private async Task AcceptAsync()
    {
        var running = new List<Task>();
        try
        {
            while (true)
                running.Add(AnswerAsync(await _listener.AcceptSocketAsync(_ended.Token)));
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            await Task.WhenAll(running);
        }
    }

    private async Task AnswerAsync(Socket socket)
    {
        using var _ = socket;
        try
        {
            Stream stream = new NetworkStream(socket);
            if (_certificate is not null)
            {
                var secure = new SslStream(stream);
                await secure.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _ended.Token);
                stream = secure;
            }

            var exchange = await RawExchange.ReadAsync(socket, stream, _ended.Token);
            lock (Asked)
                Asked.Add(exchange);
            await _answer(exchange);
            await stream.FlushAsync(_ended.Token);
            if (!exchange.IsReset)
                socket.Shutdown(SocketShutdown.Send);
            // A close with unread bytes would be a reset, which throws away what was sent.
            while (!exchange.IsReset && await stream.ReadAsync(new byte[1024], _ended.Token) > 0)
            {
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or SocketException or System.Security.Authentication.AuthenticationException)
        {
            // The client went away, or the test is over.
        }
    }
}

/// <summary>One request and the way back.</summary>
internal sealed class RawExchange
{
    private readonly Socket _socket;
    private readonly Stream _stream;

    private RawExchange(Socket socket, Stream stream, string head, string body, CancellationToken ended) =>
        (_socket, _stream, Head, Body, Ended) = (socket, stream, head, body, ended);

    /// <summary>The request line and the headers.</summary>
    public string Head { get; }

    public string Body { get; }

    public CancellationToken Ended { get; }

    public bool IsReset { get; private set; }

    public string Path => Head.Split(' ')[1];

    public static async Task<RawExchange> ReadAsync(Socket socket, Stream stream, CancellationToken ended)
    {
        var read = new List<byte>();
        var buffer = new byte[1024];
        int end;
        while ((end = Encoding.Latin1.GetString([.. read]).IndexOf("\r\n\r\n", StringComparison.Ordinal)) < 0)
            await MoreAsync();
        var head = Encoding.Latin1.GetString([.. read], 0, end);
        var length = head.Split("\r\n").Select(line => line.Split(": ")).Where(line => line[0].Equals("Content-Length", StringComparison.OrdinalIgnoreCase)).Select(line => int.Parse(line[1])).FirstOrDefault();
        while (read.Count < end + 4 + length)
            await MoreAsync();
        return new(socket, stream, head, Encoding.UTF8.GetString([.. read], end + 4, length), ended);

        async Task MoreAsync()
        {
            var count = await stream.ReadAsync(buffer, ended);
            read.AddRange(count > 0 ? buffer[..count] : throw new IOException("no whole request"));
        }
    }

    /// <summary>The next request on the same connection.</summary>
    public Task<RawExchange> AgainAsync() => ReadAsync(_socket, _stream, Ended);

    public Task SayAsync(string text) => SayAsync(Encoding.UTF8.GetBytes(text));

    public async Task SayAsync(byte[] bytes)
    {
        await _stream.WriteAsync(bytes, Ended);
        await _stream.FlushAsync(Ended);
    }

    /// <summary>Waits until the client closes the connection.</summary>
    public async Task UntilClosedAsync()
    {
        while (await _stream.ReadAsync(new byte[1024], Ended) > 0)
        {
        }
    }

    public void Reset()
    {
        IsReset = true;
        _socket.Close(0);
    }
}
