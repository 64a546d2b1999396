using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Hybrid.Benchmarks.Connector;

/// <summary>A pool of OpenAI's HTTP that has every answer ready: as many tokens as <c>max_tokens</c> asks for, in one write.</summary>
internal sealed class InstantUpstream : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Dictionary<int, byte[]> _answers = [];

    public InstantUpstream(params int[] sizes)
    {
        foreach (var size in sizes)
            _answers[size] = Answer(size);
        _listener.Start();
        _ = AcceptAsync();
    }

    public Uri Endpoint => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = AnswerAsync(await _listener.AcceptSocketAsync());
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private async Task AnswerAsync(Socket socket)
    {
        using var _ = socket;
        socket.NoDelay = true;
        var buffer = new byte[64 * 1024];
        var count = 0;
        while (await socket.ReceiveAsync(buffer.AsMemory(count)) is > 0 and var read)
        {
            count += read;
            // Both clients write the limit, and a body that ends with a brace.
            if (buffer[count - 1] != '}')
                continue;
            var text = Encoding.ASCII.GetString(buffer, 0, count);
            var from = text.IndexOf("\"max_tokens\":", StringComparison.Ordinal) + "\"max_tokens\":".Length;
            var size = int.Parse(text.AsSpan(from, text.AsSpan(from).IndexOfAnyExceptInRange('0', '9')));
            count = 0;
            await socket.SendAsync(_answers[size]);
        }
    }

    private static byte[] Answer(int tokens)
    {
        var events = new StringBuilder(Event("\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null"));
        for (var i = 0; i < tokens; i++)
            events.Append(Event("\"delta\":{\"content\":\" word\"},\"finish_reason\":null"));
        events.Append(Event("\"delta\":{},\"finish_reason\":\"stop\""));
        events.Append("data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":").Append(tokens).Append(",\"total_tokens\":9}}\n\ndata: [DONE]\n\n");
        var body = Encoding.UTF8.GetBytes(events.ToString());
        return [.. Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n{body.Length:x}\r\n"), .. body, .. "\r\n0\r\n\r\n"u8];
    }

    private static string Event(string choice) =>
        $"data: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{{\"index\":0,{choice}}}]}}\n\n";
}
