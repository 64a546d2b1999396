using System.Diagnostics;
using System.Text.Json;
using Hybrid.CloudWorker.Tests;

namespace Hybrid.CloudConnector.Tests;

/// <summary>A server of <c>peers/</c> in a process of its own, which tells in lines of JSON what it saw.</summary>
internal sealed class NodePeer : IAsyncDisposable
{
    private readonly Process _process;
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromMinutes(3));

    private NodePeer(Process process) => _process = process;

    /// <summary>Its first line.</summary>
    public JsonElement Ready { get; private set; }

    public Uri Endpoint => At("port");

    /// <summary>Ends a test that hangs.</summary>
    public CancellationToken Limit => _limit.Token;

    public static string Folder => Path.Combine(Repository.Root, "tests", "CloudConnector.Tests", "peers");

    public static async Task<NodePeer> StartAsync(string script, params string[] arguments)
    {
        var start = new ProcessStartInfo("node", [script, .. arguments]) { WorkingDirectory = Folder, UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true };
        var peer = new NodePeer(Process.Start(start)!);
        peer.Ready = await peer.ReadAsync();
        return peer;
    }

    /// <summary>An address on this machine, from a port of the first line.</summary>
    public Uri At(string name) => new($"http://127.0.0.1:{Ready.GetProperty(name).GetInt32()}");

    /// <summary>Waits until it saw something of that kind; what it saw before is passed over.</summary>
    public async Task<JsonElement> SawAsync(string kind)
    {
        while (true)
        {
            var line = await ReadAsync();
            if (line.TryGetProperty("saw", out var saw) && saw.GetString() == kind)
                return line;
        }
    }

    /// <summary>Sends it a line.</summary>
    public async Task TellAsync(object order)
    {
        await _process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(order));
        await _process.StandardInput.FlushAsync(Limit);
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        _limit.Dispose();
    }

    private async Task<JsonElement> ReadAsync()
    {
        var line = await _process.StandardOutput.ReadLineAsync(Limit) ?? throw new InvalidOperationException("The peer ended; see its messages above.");
        return JsonDocument.Parse(line).RootElement;
    }
}
