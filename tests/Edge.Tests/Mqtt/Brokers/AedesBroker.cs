using System.Diagnostics;
using System.Text.Json;
using Hybrid.CloudWorker.Tests;

namespace Hybrid.Edge.Tests.Mqtt.Brokers;

/// <summary>The broker aedes of npm, which speaks MQTT 3.1.1 over TCP and WebSocket.</summary>
public sealed class AedesBroker : IBroker
{
    private readonly Process _process;
    private readonly bool _secure;

    private AedesBroker(Process process, bool secure) => (_process, _secure) = (process, secure);

    public Uri Endpoint { get; private set; } = null!;

    /// <summary>Where its WebSocket is.</summary>
    public Uri Web { get; private set; } = null!;

    public static async Task<AedesBroker> StartAsync(params string[] keyAndCertificate)
    {
        var start = new ProcessStartInfo("node", ["aedes.mjs", .. keyAndCertificate])
        {
            WorkingDirectory = Path.Combine(Repository.Root, "tests", "Edge.Tests", "peers"),
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var broker = new AedesBroker(Process.Start(start)!, keyAndCertificate.Length > 0);
        var line = await broker._process.StandardOutput.ReadLineAsync(limit.Token) ?? throw new InvalidOperationException("aedes ended; see its messages above.");
        using var ports = JsonDocument.Parse(line);
        broker.Endpoint = new($"mqtt://127.0.0.1:{ports.RootElement.GetProperty("tcp").GetInt32()}");
        broker.Web = new($"{(broker._secure ? "wss" : "ws")}://127.0.0.1:{ports.RootElement.GetProperty("web").GetInt32()}/mqtt");
        return broker;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
