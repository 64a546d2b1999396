using Hybrid.Benchmarks.Engine;

namespace Hybrid.Benchmarks.Bus;

/// <summary>The command <c>mqtt</c>: messages a second through one broker, our client beside two others, in turns within one run.</summary>
internal static class BusCommand
{
    public const string Help = "mqtt [--quick]   messages per second through one mosquitto, beside npm's mqtt and mosquitto's own tools";
    public const int Payload = 256; // bytes
    public const int Window = 1000; // messages that one publisher has not been told of

    private static readonly int[] Counts = [100_000, 40_000, 20_000];

    public static async Task<int> RunAsync(string[] arguments)
    {
        var quick = arguments.Contains("--quick");
        var rounds = quick ? 1 : 5;
        using var broker = new Broker();
        await using var ours = await OurClients.StartAsync(broker.Endpoint);
        await using var node = await NodeClients.StartAsync(broker.Endpoint);
        await using var tools = new MosquittoTools(broker.Endpoint);
        IBusClient[] clients = [ours, node, tools];
        var load = new LoadMonitor(broker.Id, node.Id);
        var rows = new List<string[]>();
        for (var qos = 0; qos < 3; qos++)
        {
            var count = quick ? Counts[qos] / 20 : Counts[qos];
            var rates = new double[clients.Length][];
            for (var i = 0; i < clients.Length; i++)
            {
                rates[i] = new double[rounds];
                await clients[i].RunAsync(qos, count / 5); // for compilers and caches
            }

            for (var round = 0; round < rounds; round++)
                for (var i = 0; i < clients.Length; i++)
                    rates[i][round] = count / (await clients[i].RunAsync(qos, count)).TotalSeconds;
            var medians = rates.Select(Statistics.Median).ToArray();
            var ratios = rates[0].Zip(rates[1], (mine, other) => mine / other).ToArray();
            rows.Add([$"{qos}", .. medians.Select(rate => $"{rate:N0}"), $"{Statistics.Median(ratios):0.00}", $"{ratios.Min():0.00}–{ratios.Max():0.00}", $"{ours.Allocated:N0}"]);
        }

        var table = new MarkdownTable(
            $"dotnet run -c Release --project tests/Benchmarks -- mqtt{(quick ? " --quick" : "")}", quick,
            $"Messages of {Payload} bytes a second, published and received by one program through one mosquitto over MQTT 5 (its own tools over 3.1.1); median of {rounds} rounds in turns, {Window} publishes not yet answered; mosquitto's tools, and others, used {load.OthersShare():0%} of the machine.",
            "quality of service", clients[0].Name, clients[1].Name, clients[2].Name, "over npm's", "lowest–highest", "bytes allocated a message");
        foreach (var row in rows) table.Row(row);
        return 0;
    }
}
