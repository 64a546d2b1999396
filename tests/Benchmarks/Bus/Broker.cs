using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Hybrid.Benchmarks.Bus;

/// <summary>A mosquitto that lets a thousand messages be in flight and drops none.</summary>
internal sealed class Broker : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hybrid-bench-").FullName;
    private readonly Process _process;

    public Broker()
    {
        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            listener.Start();
            Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        }

        var configuration = Path.Combine(_folder, "mosquitto.conf");
        File.WriteAllLines(configuration, ["max_inflight_messages 1000", "max_queued_messages 0", "set_tcp_nodelay true", "log_type error", $"listener {Port} 127.0.0.1", "allow_anonymous true"]);
        _process = Process.Start(new ProcessStartInfo("mosquitto", ["-c", configuration]) { UseShellExecute = false })!;
    }

    public int Port { get; }

    public int Id => _process.Id;

    public Uri Endpoint => new($"mqtt://127.0.0.1:{Port}");

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
