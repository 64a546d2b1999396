using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Hybrid.Benchmarks.Bus;
using Hybrid.Benchmarks.Engine;
using Hybrid.Edge.Mqtt;
using Hybrid.EndToEnd;

namespace Hybrid.Benchmarks.Fleet;

/// <summary>The command <c>fleet</c>: many agents on this machine and one mosquitto; how fast a policy reaches all, and what an agent takes.</summary>
internal static class FleetBenchCommand
{
    public const string Help = "fleet [--agents 50]   time until all agents report a changed policy, and memory and processor time of each";
    private const int Changes = 5;
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Hang = TimeSpan.FromMinutes(5);

    public static async Task<int> RunAsync(string[] arguments)
    {
        var count = arguments is ["--agents", var text] ? int.Parse(text, CultureInfo.InvariantCulture) : 50;
        var folder = Directory.CreateTempSubdirectory("hybrid-fleet-").FullName;
        using var broker = new Broker();
        var made = await ChildProcess.RunAsync("src/Cli", "hybrid", "fleet", "keygen", "ops", "--out", folder);
        if (made.ExitCode != 0) throw new NotSupportedException(made.Errors);
        await using var watcher = new MqttClient(new() { Broker = broker.Endpoint });
        var seen = new ConcurrentDictionary<string, long?>();
        var published = new ConcurrentDictionary<long, long>();
        await watcher.SubscribeAsync(new("hybrid/v1/bench/#"), (message, _) => Heard(message, seen, published));
        await watcher.StartAsync();

        var began = Stopwatch.GetTimestamp();
        List<ChildProcess> agents = [];
        try
        {
            for (var i = 0; i < count; i++) agents.Add(Start(folder, i, broker.Endpoint));
            await UntilAsync(() => seen.Count == count);
            var there = Stopwatch.GetElapsedTime(began);
            var startUp = agents.Average(agent => Use.Of(agent.Id).Seconds);
            List<double> times = [];
            var beforeChanges = agents.Sum(agent => Use.Of(agent.Id).Seconds);
            for (var version = 1L; version <= Changes; version++)
            {
                await PublishAsync(folder, broker.Endpoint, version);
                await UntilAsync(() => seen.Values.All(applied => applied == version));
                times.Add(Stopwatch.GetElapsedTime(published[version]).TotalSeconds);
            }

            var eachChange = (agents.Sum(agent => Use.Of(agent.Id).Seconds) - beforeChanges) / count / Changes;
            var beforeIdle = agents.Sum(agent => Use.Of(agent.Id).Seconds);
            await Task.Delay(Idle);
            var idle = (agents.Sum(agent => Use.Of(agent.Id).Seconds) - beforeIdle) / count / Idle.TotalSeconds;
            Use[] uses = [.. agents.Select(agent => Use.Of(agent.Id))];
            var table = new MarkdownTable(
                $"dotnet run -c Release --project tests/Benchmarks -- fleet --agents {count}", false,
                $"{count} agents, each a process, with one mosquitto on this machine; no model loaded. {Changes} changed policies, median; memory and processor time are means of the agents.",
                "agents", "all there, s", "all report a change, s", "lowest–highest", "proportional memory, MiB", "private, MiB", "resident, MiB", "processor to start, s", "processor for a change, ms", "processor while idle");
            table.Row(
                $"{count}", $"{there.TotalSeconds:0.0}", $"{Statistics.Median([.. times]):0.00}", $"{times.Min():0.00}–{times.Max():0.00}",
                Mean(uses, use => use.Proportional), Mean(uses, use => use.Private), Mean(uses, use => use.Resident),
                $"{startUp:0.00}", $"{eachChange * 1000:0}", $"{idle:0.00%}");
            return 0;
        }
        finally
        {
            foreach (var agent in agents) agent.Dispose();
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Mean(Use[] uses, Func<Use, double> of) => $"{uses.Average(of) / (1 << 20):0.0}";

    private static ValueTask Heard(MqttMessage message, ConcurrentDictionary<string, long?> seen, ConcurrentDictionary<long, long> published)
    {
        switch (message.Topic.Split('/'))
        {
            case ["hybrid", "v1", "bench", "desired"]:
                published.TryAdd(published.Count + 1, Stopwatch.GetTimestamp());
                break;
            case ["hybrid", "v1", "bench", var device, "reported"]:
                using (var reported = JsonDocument.Parse(message.Payload))
                    seen[device] = reported.RootElement.GetProperty("fleetDesired").TryGetProperty("applied", out var applied) && applied.ValueKind is JsonValueKind.Number ? applied.GetInt64() : null;
                break;
        }

        return ValueTask.CompletedTask;
    }

    private static ChildProcess Start(string folder, int number, Uri broker)
    {
        var own = Directory.CreateDirectory(Path.Combine(folder, $"agent-{number}")).FullName;
        var config = Path.Combine(own, "agent.json");
        File.WriteAllText(config, JsonSerializer.Serialize(new
        {
            Hybrid = new
            {
                Local = new { ModelPath = Repository.EdgeModel },
                Serve = new { Port = 0 },
                Models = new { Root = Path.Combine(own, "models") },
                Fleet = new { Broker = broker, Fleet = "bench", Device = $"agent-{number}", StatePath = Path.Combine(own, "state"), TrustedKeys = new { ops = Path.Combine(folder, "ops.pub") } },
            },
        }));
        return ChildProcess.Start("src/Cli", "hybrid", "agent", "--config", config);
    }

    private static async Task PublishAsync(string folder, Uri broker, long version)
    {
        var state = Path.Combine(folder, "state.json");
        await File.WriteAllTextAsync(state, $$"""{ "configuration": { "Policy": "now", "Policies": { "now": { "Base": "green", "MaxDollarsPerRequest": {{version.ToString(CultureInfo.InvariantCulture)}} } } } }""");
        var ended = await ChildProcess.RunAsync("src/Cli", "hybrid", "fleet", "publish", state, "--broker", broker.ToString(), "--fleet", "bench", "--key", Path.Combine(folder, "ops.key"), "--version-number", version.ToString(CultureInfo.InvariantCulture));
        if (ended.ExitCode != 0) throw new NotSupportedException(ended.Errors);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var hang = new CancellationTokenSource(Hang);
        while (!condition()) await Task.Delay(5, hang.Token);
    }

    /// <summary>What the kernel says of a process.</summary>
    /// <param name="Resident">Bytes in memory, those of shared files included.</param>
    /// <param name="Proportional">Bytes in memory, each shared one divided by how many processes share it.</param>
    /// <param name="Private">Bytes that nobody shares.</param>
    /// <param name="Seconds">Processor time.</param>
    private sealed record Use(double Resident, double Proportional, double Private, double Seconds)
    {
        private const double TicksPerSecond = 100; // USER_HZ, the same on all Linux

        public static Use Of(int id)
        {
            var lines = File.ReadAllLines($"/proc/{id}/smaps_rollup");
            var stat = File.ReadAllText($"/proc/{id}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return new(
                Bytes(lines, "Rss:"), Bytes(lines, "Pss:"), Bytes(lines, "Private_Clean:") + Bytes(lines, "Private_Dirty:"),
                (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond);
        }

        private static double Bytes(string[] lines, string name) =>
            double.Parse(lines.First(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..].Trim().Split(' ')[0], CultureInfo.InvariantCulture) * 1024;
    }
}
