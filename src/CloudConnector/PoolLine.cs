using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net.Sockets;

namespace Hybrid.CloudConnector;

/// <summary>The connections to one pool, and how fast they were: as the kernel measures it on the way, without a byte sent for it.</summary>
/// <remarks>Linux only (<c>TCP_INFO</c>); elsewhere nothing is known. Thread-safe.</remarks>
internal sealed class PoolLine
{
    // Linux' include/uapi/linux/tcp.h, struct tcp_info, which only ever grows at its end.
    private const int Level = 6; // IPPROTO_TCP
    private const int Option = 11; // TCP_INFO
    private const int Flags = 7; // its lowest bit: the rate was that of who sent, not that of the line
    private const int DeliveryRate = 160;
    private const int Size = DeliveryRate + sizeof(ulong);

    private readonly ConcurrentDictionary<Socket, byte> _open = new();
    private double _rate;

    /// <summary>Bytes a second that the line took when it was last filled; null: no request was large enough to fill it.</summary>
    public double? BytesPerSecond
    {
        get
        {
            foreach (var socket in _open.Keys) Measure(socket);
            return Volatile.Read(ref _rate) is > 0 and var rate ? rate : null;
        }
    }

    /// <summary>Has the handler's connections measured.</summary>
    public void Watch(SocketsHttpHandler handler)
    {
        if (OperatingSystem.IsLinux()) handler.ConnectCallback = ConnectAsync;
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            _open[socket] = 0;
            return new Connection(this, socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private void Measure(Socket socket)
    {
        Span<byte> info = stackalloc byte[Size];
        try
        {
            if (socket.GetRawSocketOption(Level, Option, info) < Size || (info[Flags] & 1) != 0) return;
            if (BinaryPrimitives.ReadUInt64LittleEndian(info[DeliveryRate..]) is > 0 and var rate) Volatile.Write(ref _rate, rate);
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            // What it measured before stands.
        }
    }

    private sealed class Connection(PoolLine line, Socket socket) : NetworkStream(socket, ownsSocket: true)
    {
        protected override void Dispose(bool disposing)
        {
            if (line._open.TryRemove(Socket, out _)) line.Measure(Socket);
            base.Dispose(disposing);
        }
    }
}
