using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Hybrid.Edge.Fleet;
using Hybrid.Edge.Mqtt;
using Hybrid.Edge.Tests.Mqtt.Brokers;

namespace Hybrid.Cli.Tests.Agent;

/// <summary>The agent as a process, with the starter model, a real broker, and systemd's side of its socket.</summary>
public sealed class AgentCommandTests
{
    private const string Question = """{"messages":[{"role":"user","content":"What does Ada keep in the harbour?"}],"max_tokens":8,"temperature":0}""";

    [Fact]
    public async Task It_answers_apps_and_the_bus_reloads_reports_and_stops_well()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var agent = await AgentRun.StartAsync(Settings(broker.Port, "balanced"));
        await agent.SaidAsync("READY=1");
        await agent.SaidAsync("WATCHDOG=1");
        await using var watcher = new MqttClient(new() { Broker = broker.Endpoint, ClientId = "watcher" });
        var reported = new Latest();
        await using var reports = await watcher.SubscribeAsync(new("hybrid/v1/plant/gateway-1/reported"), reported.TakeAsync, agent.Limit);
        await watcher.StartAsync(agent.Limit);

        var (status, body) = await agent.AskAsync(Question);
        Assert.Equal(200, status);
        var text = JsonElement.Parse(body).GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString();

        // A microcontroller's way: by hand, and the very same answer.
        Assert.Equal(text, await AskByHandAsync(broker.Port, agent.Limit));

        agent.Write(Settings(broker.Port, "no such policy"));
        await agent.SignalAsync("HUP");
        await agent.SaidAsync("RELOADING=1");
        Assert.Contains("refused", await agent.SaidAsync("READY=1"), StringComparison.Ordinal);
        Assert.Equal(200, (await agent.AskAsync(Question)).Status);
        Assert.Contains("no such policy", agent.Log, StringComparison.Ordinal);
        Assert.Equal("balanced", await PolicyAsync(agent));

        agent.Write(Settings(broker.Port, "green").Replace("\"MaxRunning\": 2", "\"MaxRunning\": 3", StringComparison.Ordinal));
        await agent.SignalAsync("HUP");
        Assert.DoesNotContain("refused", await agent.SaidAsync("READY=1"), StringComparison.Ordinal);
        Assert.Equal("green", await PolicyAsync(agent));
        Assert.Contains("From the next start: Hybrid:Inference", agent.Log, StringComparison.Ordinal);

        Assert.Equal("gateway-1", (await reported.WaitAsync(_ => true, agent.Limit)).GetProperty("device").GetString());
        await agent.SignalAsync("TERM");
        await agent.SaidAsync("STOPPING=1");
        Assert.Equal(0, await agent.EndAsync());
    }

    [Fact]
    public async Task Without_a_network_it_answers_and_says_so_and_what_waits_survives_a_kill()
    {
        // Nobody listens there.
        await using var agent = await AgentRun.StartAsync(Settings(1, "balanced"));
        Assert.Equal(200, (await agent.AskAsync(Question)).Status);
        var health = JsonElement.Parse(await agent.Http.GetStringAsync(new Uri("health", UriKind.Relative), agent.Limit));
        Assert.Equal("ok", health.GetProperty("status").GetString());

        // The pool is away: a request that is pinned to it waits, and the process is killed meanwhile.
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions")
        {
            Content = new StringContent("""{"messages":[{"role":"user","content":"hi"}],"hybrid":{"target":"beside"}}"""),
        };
        request.Headers.TryAddWithoutValidation("Prefer", "respond-async");
        request.Headers.TryAddWithoutValidation("X-Hybrid-Can-Wait-Until", TimeProvider.System.GetUtcNow().AddHours(1).ToString("O"));
        using var taken = await agent.Http.SendAsync(request, agent.Limit);
        Assert.Equal(202, (int)taken.StatusCode);
        await agent.SignalAsync("KILL");
        await agent.EndAsync();
        await agent.StartAgainAsync();
        var waits = JsonElement.Parse(await agent.Http.GetStringAsync(taken.Headers.Location!, agent.Limit));
        Assert.Equal("waiting", waits.GetProperty("status").GetString());
        Assert.Equal(1, JsonElement.Parse(await agent.Http.GetStringAsync(new Uri("health", UriKind.Relative), agent.Limit)).GetProperty("waiting").GetInt32());
        Assert.Equal(204, (int)(await agent.Http.DeleteAsync(taken.Headers.Location, agent.Limit)).StatusCode);
        await agent.SignalAsync("TERM");
        Assert.Equal(0, await agent.EndAsync());
    }

    private static string Settings(int port, string policy) => $$"""
        { "Hybrid": {
            "Policy": "{{policy}}",
            "Local": { "ModelPath": "MODEL" },
            "Serve": { "Port": 0 },
            "Waiting": { "Path": "FOLDER/waiting" },
            "Inference": { "Path": "FOLDER/inference", "MaxRunning": 2 },
            "Fleet": { "Broker": "mqtt://127.0.0.1:{{port}}", "Fleet": "plant", "Device": "gateway-1", "StatePath": "FOLDER/fleet" },
            "Pools": { "beside": { "Type": "bus", "Zone": "site", "Model": "hybrid", "Endpoint": "bus:gateway-2" } }
        } }
        """;

    private static async Task<string?> PolicyAsync(AgentRun agent) => JsonElement.Parse((await agent.AskAsync(Question)).Body).GetProperty("hybrid").GetProperty("policy").GetString();

    private static async Task<string> AskByHandAsync(int port, CancellationToken limit)
    {
        var (publish, subscribe) = ("/usr/bin/mosquitto_pub", "/usr/bin/mosquitto_sub");
        Assert.SkipUnless(File.Exists(publish) && File.Exists(subscribe), "mosquitto_pub and mosquitto_sub are not installed: 'apt-get install mosquitto-clients'.");
        string[] server = ["-h", "127.0.0.1", "-p", port.ToString(), "-V", "5", "-q", "1"];
        using var listening = Process.Start(new ProcessStartInfo(subscribe, [.. server, "-d", "-t", "hybrid/v1/plant/replies/sensor-7"]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        try
        {
            while (await listening.StandardOutput.ReadLineAsync(limit) is { } line && !line.Contains("Subscribed", StringComparison.Ordinal))
            {
                // Until the broker has the subscription.
            }

            using var asking = Process.Start(publish, [.. server, "-t", "hybrid/v1/plant/gateway-1/infer", "-D", "publish", "response-topic", "hybrid/v1/plant/replies/sensor-7", "-D", "publish", "correlation-data", "42", "-m", Question]);
            await asking.WaitForExitAsync(limit);
            Assert.Equal(0, asking.ExitCode);
            for (var text = new StringBuilder(); ;)
            {
                var line = await listening.StandardOutput.ReadLineAsync(limit) ?? throw new IOException("mosquitto_sub ended.");
                if (!line.StartsWith('{')) continue;
                var message = JsonElement.Parse(line);
                Assert.False(message.TryGetProperty("error", out var error), error.ToString());
                if (message.TryGetProperty("text", out var piece)) text.Append(piece.GetString());
                if (message.TryGetProperty("finish", out _)) return text.ToString();
            }
        }
        finally
        {
            listening.Kill();
        }
    }

    /// <summary>The last message of a topic.</summary>
    private sealed class Latest
    {
        private readonly System.Threading.Channels.Channel<JsonElement> _all = System.Threading.Channels.Channel.CreateUnbounded<JsonElement>();

        public ValueTask TakeAsync(MqttMessage message, CancellationToken cancellationToken) => _all.Writer.WriteAsync(JsonElement.Parse(Encoding.UTF8.GetString(message.Payload.Span)), cancellationToken);

        public async Task<JsonElement> WaitAsync(Func<JsonElement, bool> wanted, CancellationToken limit)
        {
            while (true)
            {
                if (await _all.Reader.ReadAsync(limit) is var one && wanted(one)) return one;
            }
        }
    }
}
