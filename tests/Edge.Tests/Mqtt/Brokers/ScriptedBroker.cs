using System.Net;
using System.Net.Sockets;

namespace Hybrid.Edge.Tests.Mqtt.Brokers;

/// <summary>A socket that a test answers on, byte by byte: for what no honest broker does.</summary>
internal sealed class ScriptedBroker : IDisposable
{
    /// <summary>A CONNACK of MQTT 5 that lets in without properties.</summary>
    public const string Welcome = "2003000000";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _hang = new(TimeSpan.FromMinutes(2));

    public ScriptedBroker() => _listener.Start();

    public Uri Endpoint => new($"mqtt://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>Takes the next connection, and answers its CONNECT.</summary>
    public async Task<Peer> AcceptAsync(string answer = Welcome)
    {
        var peer = new Peer(await _listener.AcceptSocketAsync(_hang.Token), _hang.Token);
        await peer.ReadAsync();
        if (answer.Length > 0) await peer.SendAsync(answer);
        return peer;
    }

    public void Dispose()
    {
        _listener.Stop();
        _hang.Dispose();
    }

    internal sealed class Peer(Socket socket, CancellationToken hang) : IDisposable
    {
        private readonly NetworkStream _stream = new(socket, ownsSocket: true);

        public async Task SendAsync(string hex) => await _stream.WriteAsync(Convert.FromHexString(hex), hang);

        public async Task SendAsync(ReadOnlyMemory<byte> bytes) => await _stream.WriteAsync(bytes, hang);

        /// <summary>The next packet in hexadecimal; null where the client has closed.</summary>
        public async Task<string?> ReadAsync()
        {
            var packet = new List<byte>();
            var one = new byte[1];
            if (await _stream.ReadAsync(one, hang) == 0) return null;
            packet.Add(one[0]);
            int length = 0, shift = 0;
            do
            {
                await _stream.ReadExactlyAsync(one, hang);
                packet.Add(one[0]);
                length |= (one[0] & 0x7f) << shift;
                shift += 7;
            }
            while ((one[0] & 0x80) != 0);
            var body = new byte[length];
            await _stream.ReadExactlyAsync(body, hang);
            return Convert.ToHexStringLower([.. packet, .. body]);
        }

        /// <summary>Closes its half of the connection, as a broker does that was told the end.</summary>
        public void Finish() => socket.Shutdown(SocketShutdown.Send);

        public void Dispose() => _stream.Dispose();
    }
}
