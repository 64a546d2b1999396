using System.Diagnostics;
using System.Text.Json;
using Hybrid.EndToEnd;

namespace Hybrid.Benchmarks.Bus;

/// <summary>Two clients of npm's mqtt in one process of Node.</summary>
internal sealed class NodeClients : IBusClient
{
    private readonly Process _process;

    private NodeClients(Process process) => _process = process;

    public string Name => "mqtt (npm)";

    public int Id => _process.Id;

    private static string Folder => Path.Combine(Repository.Root, "tests", "Edge.Tests", "peers");

    public static async Task<NodeClients> StartAsync(Uri broker)
    {
        if (!Directory.Exists(Path.Combine(Folder, "node_modules")))
        {
            using var npm = Process.Start(new ProcessStartInfo("npm", ["ci", "--ignore-scripts"]) { WorkingDirectory = Folder, UseShellExecute = false })!;
            await npm.WaitForExitAsync();
        }

        var clients = new NodeClients(Process.Start(new ProcessStartInfo("node", ["throughput.mjs", broker.AbsoluteUri])
        {
            WorkingDirectory = Folder,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!);
        using var ready = await clients.ReadAsync();
        return clients;
    }

    public async Task<TimeSpan> RunAsync(int qos, int count)
    {
        await _process.StandardInput.WriteLineAsync($"{qos} {count} {BusCommand.Window}");
        using var answer = await ReadAsync();
        return TimeSpan.FromMilliseconds(answer.RootElement.GetProperty("milliseconds").GetDouble());
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private async Task<JsonDocument> ReadAsync() =>
        JsonDocument.Parse(await _process.StandardOutput.ReadLineAsync() ?? throw new NotSupportedException("node ended; see its messages above."));
}
