using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Hybrid.Benchmarks.Models.Pull;

/// <summary>A hub with one repository of one file, in a process of its own: plain sockets, so that little of a measured time is the server's.</summary>
internal static class FileServer
{
    public const string Repository = "bench/model";
    public const string FileName = "model-Q8_0.gguf";
    private const int BufferBytes = 256 << 10;

    /// <summary>Serves until it is killed; prints its port first.</summary>
    public static async Task<int> RunAsync(string address, int port, string file, string digest)
    {
        using var listener = new TcpListener(IPAddress.Parse(address), port);
        listener.Start();
        Console.WriteLine(((IPEndPoint)listener.LocalEndpoint).Port);
        while (true)
        {
            var socket = await listener.AcceptSocketAsync();
            _ = Task.Run(() => ServeAsync(socket, file, digest));
        }
    }

    private static async Task ServeAsync(Socket socket, string file, string digest)
    {
        try
        {
            using (socket)
            {
                socket.NoDelay = true;
                // What most hosts have, whatever this one has: BBR takes no loss for a full line and needs no second connection.
                if (OperatingSystem.IsLinux())
                    socket.SetRawSocketOption(6, 13, "cubic"u8); // IPPROTO_TCP, TCP_CONGESTION
                using var handle = File.OpenHandle(file);
                var size = RandomAccess.GetLength(handle);
                var buffer = new byte[BufferBytes];
                while (await HeadAsync(socket, buffer) is { } head)
                {
                    if (head.Contains("/api/", StringComparison.Ordinal))
                    {
                        var json = $$"""{"sha":"{{digest[..40]}}","siblings":[{"rfilename":"{{FileName}}"}]}""";
                        await SendAsync(socket, Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {json.Length}\r\n\r\n{json}"));
                        continue;
                    }

                    var (first, last, partial) = Range(head, size);
                    var status = partial ? $"206 Partial Content\r\nContent-Range: bytes {first}-{last}/{size}" : "200 OK";
                    await SendAsync(socket, Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nETag: \"{digest}\"\r\nX-Repo-Commit: {digest[..40]}\r\nAccept-Ranges: bytes\r\nContent-Length: {last - first + 1}\r\n\r\n"));
                    if (head.StartsWith("HEAD", StringComparison.Ordinal))
                        continue;
                    for (var at = first; at <= last;)
                    {
                        var count = RandomAccess.Read(handle, buffer.AsSpan(0, (int)Math.Min(buffer.Length, last - at + 1)), at);
                        await SendAsync(socket, buffer.AsMemory(0, count));
                        at += count;
                    }
                }
            }
        }
        catch (SocketException)
        {
            // The client has what it wanted.
        }
    }

    private static async Task<string?> HeadAsync(Socket socket, byte[] buffer)
    {
        var length = 0;
        do
        {
            var read = await socket.ReceiveAsync(buffer.AsMemory(length));
            if (read == 0)
                return null;
            length += read;
        }
        while (!buffer.AsSpan(0, length).EndsWith("\r\n\r\n"u8));
        return Encoding.ASCII.GetString(buffer, 0, length);
    }

    private static (long First, long Last, bool Partial) Range(string head, long size)
    {
        var at = head.IndexOf("\r\nRange: bytes=", StringComparison.OrdinalIgnoreCase);
        if (at < 0)
            return (0, size - 1, false);
        var text = head[(at + 15)..head.IndexOf("\r\n", at + 2, StringComparison.Ordinal)].Split('-');
        return (long.Parse(text[0]), text[1].Length > 0 ? Math.Min(long.Parse(text[1]), size - 1) : size - 1, true);
    }

    private static async Task SendAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
            bytes = bytes[await socket.SendAsync(bytes)..];
    }
}
