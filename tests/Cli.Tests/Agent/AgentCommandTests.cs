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
    private const string Publish = "/usr/bin/mosquitto_pub";
    private const string Subscribe = "/usr/bin/mosquitto_sub";
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
        // It is ready without a broker; when it reports, it also hears.
        Assert.Equal("gateway-1", (await reported.WaitAsync(_ => true, agent.Limit)).GetProperty("device").GetString());

        var (status, body) = await agent.AskAsync(Question);
        Assert.Equal(200, status);
        var text = JsonElement.Parse(body).GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString();

        // A microcontroller's way: by hand, and the very same answer.
        Assert.Equal(text, await AskByHandAsync(broker, watcher, agent.Limit));

        agent.Write(Settings(broker.Port, "no such policy"));
        await agent.SignalAsync("HUP");
        await agent.SaidAsync("RELOADING=1");
        Assert.Contains("refused", await agent.SaidAsync("READY=1"), StringComparison.Ordinal);
        Assert.Equal(200, (await agent.AskAsync(Question)).Status);
        await agent.LoggedAsync("no such policy");
        Assert.Equal("balanced", await PolicyAsync(agent));

        agent.Write(Settings(broker.Port, "green").Replace("\"MaxRunning\": 2", "\"MaxRunning\": 3", StringComparison.Ordinal));
        await agent.SignalAsync("HUP");
        Assert.DoesNotContain("refused", await agent.SaidAsync("READY=1"), StringComparison.Ordinal);
        Assert.Equal("green", await PolicyAsync(agent));
        await agent.LoggedAsync("From the next start: Hybrid:Inference");

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

    /// <summary>Subscribes, asks, and reads what came, each with a program of its own; the watcher knows when it is all there.</summary>
    private static async Task<string> AskByHandAsync(Mosquitto broker, MqttClient watcher, CancellationToken limit)
    {
        const string Topic = "hybrid/v1/plant/replies/sensor-7";
        Assert.SkipUnless(File.Exists(Publish) && File.Exists(Subscribe), "mosquitto_pub and mosquitto_sub are not installed: 'apt-get install mosquitto-clients'.");
        var replies = new Latest();
        await using var watching = await watcher.SubscribeAsync(new(Topic), replies.TakeAsync, limit);
        string[] session = ["-c", "-i", "sensor-7", "-x", "600", "-t", Topic];
        await RunAsync(Subscribe, broker.Port, limit, [.. session, "-E"]);
        await RunAsync(Publish, broker.Port, limit, "-t", "hybrid/v1/plant/gateway-1/infer", "-D", "publish", "response-topic", Topic, "-D", "publish", "correlation-data", "42", "-m", Question);
        var last = await replies.WaitAsync(one => one.TryGetProperty("finish", out _) || one.TryGetProperty("error", out _), limit);
        var lines = await RunAsync(Subscribe, broker.Port, limit, [.. session, "-C", (last.GetProperty("n").GetInt32() + 1).ToString()]);
        return string.Concat(lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonElement.Parse(line)).Select(one => one.TryGetProperty("text", out var text) ? text.GetString() : ""));
    }

    private static async Task<string> RunAsync(string program, int port, CancellationToken limit, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, ["-h", "127.0.0.1", "-p", port.ToString(), "-V", "5", "-q", "1", .. arguments]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var output = await process.StandardOutput.ReadToEndAsync(limit);
        await process.WaitForExitAsync(limit);
        Assert.Equal(0, process.ExitCode);
        return output;
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
