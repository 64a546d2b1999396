using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Hybrid.Benchmarks.Engine;
using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.Benchmarks.Gateway;

/// <summary>The command <c>gateway</c>: what routing one request adds to asking the upstream directly.</summary>
internal static class GatewayCommand
{
    public const string Help = "gateway               what routing adds to a direct call, beside Portkey's gateway from npm";

    private const int WarmUps = 300;
    private const int Rounds = 7;
    private const int Asked = 25;

    public static async Task<int> RunAsync()
    {
        await NodeServer.InstallAsync();
        var (upstream, port) = await NodeServer.StartAsync("", "upstream.mjs");
        using var _ = upstream;
        var target = new Uri($"http://127.0.0.1:{port}");
        var free = FreePort();
        var (peer, _) = await NodeServer.StartAsync("Ready for connections", "node_modules/@portkey-ai/gateway/build/start-server.js", $"--port={free}", "--headless");
        using var __ = peer;
        var gateway = new Uri($"http://127.0.0.1:{free}");
        var host = $"\"provider\":\"openai\",\"api_key\":\"none\",\"custom_host\":\"{target}v1\"";
        using var direct = new ChatUpstream(target);
        using var ours = new ChatUpstream(target);
        using var plain = new ChatUpstream(gateway, ("x-portkey-provider", "openai"), ("x-portkey-custom-host", $"{target}v1"));
        using var balanced = new ChatUpstream(gateway, ("x-portkey-config", $"{{\"strategy\":{{\"mode\":\"loadbalance\"}},\"targets\":[{{{host}}},{{{host}}}]}}"));
        using var hybrid = new HybridChatClient([new UpstreamTarget("one", ours), new UpstreamTarget("two", ours)], new() { Privacy = PrivacyClass.Public });

        (string Name, Func<Task<string>> Ask)[] ways =
        [
            ("direct", () => direct.AskAsync("Hello")),
            ("Hybrid, policy over two targets", async () => (await hybrid.GetResponseAsync("Hello")).Text),
            ("Portkey 1.15.2, one provider", () => plain.AskAsync("Hello")),
            ("Portkey 1.15.2, load balance over two", () => balanced.AskAsync("Hello")),
        ];
        foreach (var way in ways)
        {
            for (var i = 0; i < WarmUps; i++)
            {
                if (await way.Ask() is not "ok")
                    throw new NotSupportedException($"{way.Name}: the answer is not the upstream's.");
            }
        }

        var medians = ways.Select(_ => new List<double>()).ToArray();
        for (var round = 0; round < Rounds; round++)
        {
            for (var way = 0; way < ways.Length; way++)
                medians[way].Add(await MedianAsync(ways[way].Ask));
        }

        Write([.. ways.Select(way => way.Name)], medians);
        return 0;
    }

    private static async Task<double> MedianAsync(Func<Task<string>> ask)
    {
        var times = new double[Asked];
        for (var i = 0; i < Asked; i++)
        {
            var start = Stopwatch.GetTimestamp();
            await ask();
            times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        return Statistics.Median(times);
    }

    private static void Write(string[] names, List<double>[] medians)
    {
        Console.WriteLine($"One chat answered by an instant upstream on this machine, {WarmUps} asked before, then {Rounds} rounds of {Asked} in turns; milliseconds, median of the rounds' medians.\n");
        Console.WriteLine("```\ndotnet run -c Release --project tests/Benchmarks -- gateway\n```\n");
        Console.WriteLine("| way | ms | lowest–highest round | added to a direct call |\n| --- | --- | --- | --- |");
        var direct = Statistics.Median(medians[0]);
        for (var i = 0; i < names.Length; i++)
        {
            // The difference within each round, so that a busy moment counts on both sides.
            var added = i == 0 ? "" : Digits(Statistics.Median(medians[i].Zip(medians[0], (own, other) => own - other)));
            Console.WriteLine($"| {names[i]} | {Digits(i == 0 ? direct : Statistics.Median(medians[i]))} | {Digits(medians[i].Min())}–{Digits(medians[i].Max())} | {added} |");
        }
    }

    private static string Digits(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);

    private static int FreePort()
    {
        using var socket = new TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        return ((IPEndPoint)socket.LocalEndpoint).Port;
    }
}
