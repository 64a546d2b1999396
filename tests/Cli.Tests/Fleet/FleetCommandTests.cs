using System.Text.Json;
using System.Text.RegularExpressions;
using Hybrid.Cli.Fleet;
using Hybrid.Configuration;
using Hybrid.Edge.Fleet;
using Hybrid.Edge.Mqtt;
using Hybrid.Edge.Outbox;
using Hybrid.Edge.Tests.Mqtt.Brokers;
using Hybrid.EndToEnd;
using Microsoft.Extensions.Configuration;

namespace Hybrid.Cli.Tests.Fleet;

/// <summary><c>hybrid fleet</c> as an operator sees it, with a real broker and devices in this process.</summary>
public sealed class FleetCommandTests : IAsyncLifetime
{
    // Long enough for a loaded machine; reached only when something hangs.
    private static readonly TimeSpan Hang = TimeSpan.FromMinutes(3);
    private readonly string _folder = Directory.CreateTempSubdirectory("hybrid-fleet").FullName;
    private readonly List<IAsyncDisposable> _devices = [];
    private Mosquitto? _broker;

    private string Config => Path.Combine(_folder, "hybrid.json");

    public async ValueTask InitializeAsync()
    {
        if (Mosquitto.Program is null) return;
        _broker = await Mosquitto.StartAsync();
        await File.WriteAllTextAsync(Config, $$"""{ "Hybrid": { "Fleet": { "Broker": "{{_broker.Endpoint}}", "Fleet": "shops" } } }""");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var part in _devices) await part.DisposeAsync();
        if (_broker is not null) await _broker.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task An_operator_makes_a_key_publishes_a_state_and_sees_who_follows_and_who_is_gone()
    {
        Assert.SkipWhen(_broker is null, Mosquitto.Missing);
        Assert.Equal(0, (await FleetAsync("keygen", "ops", "--out", _folder)).ExitCode);
        var (device, settings, client) = await StartDeviceAsync("till-1");
        await StartDeviceAsync("till-2");
        var state = Path.Combine(_folder, "state.json");
        await File.WriteAllTextAsync(state, """{ "configuration": { "Policy": "green", "Policies": { "mine": { "Base": "fast" } } } } // all""", TestContext.Current.CancellationToken);
        var published = await FleetAsync("publish", state, "--config", Config, "--key", Path.Combine(_folder, "ops.key"), "--version-number", "7");
        Assert.True(published.ExitCode == 0, published.Errors);
        Assert.StartsWith("Version 7 for fleet shops is with the broker.", published.Output, StringComparison.Ordinal);
        await Until(() => settings["Hybrid:Policy"] == "green" && device.Reported.FleetDesired.Applied == 7);
        await File.WriteAllTextAsync(state, """{ "configuration": { "Privacy": "secret", "Policy": "mine" } }""", TestContext.Current.CancellationToken);
        Assert.Equal(0, (await FleetAsync("publish", state, "--config", Config, "--key", Path.Combine(_folder, "ops.key"), "--device", "till-1")).ExitCode);
        await Until(() => settings["Hybrid:Privacy"] == "secret" && settings["Hybrid:Policy"] == "mine"); // a policy that the fleet's document has

        using (var status = JsonDocument.Parse(await StatusAsync(found => Found(found, "till-1").GetProperty("reported").GetProperty("deviceDesired").TryGetProperty("applied", out _) && IsOnline(found, "till-1") && IsOnline(found, "till-2"))))
        {
            var first = Found(status, "till-1");
            Assert.Equal((true, 7), (first.GetProperty("online").GetBoolean(), first.GetProperty("reported").GetProperty("fleetDesired").GetProperty("applied").GetInt64()));
        }

        await device.StopAsync(TestContext.Current.CancellationToken);
        using var later = JsonDocument.Parse(await StatusAsync(found => !IsOnline(found, "till-1") && IsOnline(found, "till-2")));
        Assert.True(IsOnline(later, "till-2"));
        Assert.False(client.Connection.IsConnected);
        var (text, began) = ("", TimeProvider.System.GetTimestamp());
        const string Row = @"(?m)^till-1 +offline .* 7 ";
        while (!Regex.IsMatch(text, Row) && TimeProvider.System.GetElapsedTime(began) < Hang) text = (await FleetAsync("status", "--config", Config)).Output; // until all was heard, here too
        Assert.Matches(Row, text);

        var told = await FleetAsync("tell", "till-2", "report", "--wait", "180s", "--config", Config, "--key", Path.Combine(_folder, "ops.key"));
        Assert.Equal((0, "till-2: done: the report is on its way"), (told.ExitCode, told.Output.Trim()));
        var refused = await FleetAsync("tell", "till-2", "dance", "--wait", "180s", "--config", Config, "--key", Path.Combine(_folder, "ops.key"));
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("this device knows no such command", refused.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Watch_prints_a_line_for_each_message_until_it_is_ended()
    {
        Assert.SkipWhen(_broker is null, Mosquitto.Missing);
        await FleetAsync("keygen", "ops", "--out", _folder);
        using var watch = ChildProcess.Start("src/Cli", "hybrid", "fleet", "watch", "--config", Config);
        await StartDeviceAsync("till-1");
        HashSet<string> kinds = [];
        while (kinds.Count < 2)
        {
            var line = await watch.Output.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Hang, TestContext.Current.CancellationToken);
            Assert.NotNull(line);
            Assert.StartsWith("till-1  ", line, StringComparison.Ordinal);
            kinds.Add(line.Split("  ")[1]);
        }

        Assert.Equal(["presence", "reported"], kinds.Order());
    }

    [Theory]
    [InlineData("""{ "configuration": { "Policies": { "p": { "LatencyQuantile": 7 } } } }""", "Hybrid:Policies:p:LatencyQuantile")]
    [InlineData("""{ "configuration": { "Native": {} } }""", "a fleet cannot set this")]
    [InlineData("""{ "fleet": "other" }""", "The file is for fleet 'other'")]
    [InlineData("""{ """, "cannot be read as a desired state")]
    public async Task What_the_devices_would_refuse_is_refused_here(string state, string reason)
    {
        // Without a broker: nothing is sent.
        var config = Path.Combine(_folder, "nobody.json");
        await File.WriteAllTextAsync(config, """{ "Hybrid": { "Fleet": { "Broker": "mqtt://127.0.0.1:1", "Fleet": "shops" } } }""", TestContext.Current.CancellationToken);
        var file = Path.Combine(_folder, "state.json");
        await File.WriteAllTextAsync(file, state, TestContext.Current.CancellationToken);
        await FleetAsync("keygen", "ops", "--out", _folder);
        var run = await FleetAsync("publish", file, "--config", config, "--key", Path.Combine(_folder, "ops.key"));
        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains(reason, run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_is_never_written_over_and_is_the_operator_s_alone()
    {
        Assert.Equal(0, (await FleetAsync("keygen", "ops", "--out", _folder, "--curve", "p384")).ExitCode);
        var before = await File.ReadAllTextAsync(Path.Combine(_folder, "ops.key"), TestContext.Current.CancellationToken);
        var again = await FleetAsync("keygen", "ops", "--out", _folder);
        Assert.Equal(1, again.ExitCode);
        Assert.Equal(before, await File.ReadAllTextAsync(Path.Combine(_folder, "ops.key"), TestContext.Current.CancellationToken));
        Assert.DoesNotContain("PRIVATE", again.Output + again.Errors, StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_folder, "ops.key")));
    }

    [Theory]
    [InlineData("shops/till-1/presence", """{"schema":1,"online":true,"agent":"1\u001b[2J"}""", "till-1  presence  online, agent 1 [2J")]
    [InlineData("shops/till-1/presence", """{"schema":1,"online":false}""", "till-1  presence  offline")]
    [InlineData("shops/till-1/command/result", """{"schema":1,"id":"7","command":"report","done":true,"outcome":"yes","at":"2026-01-01T00:00:00Z"}""", "till-1  command/result  report 7 done: yes")]
    [InlineData("shops/till-1/telemetry", "{}\n{}\n", "till-1  telemetry  2 requests")]
    [InlineData("shops/till-1/reported", "{", "till-1  reported  1 bytes that cannot be read")]
    [InlineData("shops/till-1/desired", "{}", null)]
    [InlineData("shops/\u001b/reported", "{}", null)]
    public void A_message_is_a_line_without_control_characters(string topic, string payload, string? line) =>
        Assert.Equal(line, WatchCommand.Line(new() { Topic = "hybrid/v1/" + topic, Payload = System.Text.Encoding.UTF8.GetBytes(payload) }, asJson: false));

    private static JsonElement Found(JsonDocument status, string device) => status.RootElement.GetProperty("devices").EnumerateArray().Single(one => one.GetProperty("device").GetString() == device);

    private static bool IsOnline(JsonDocument status, string device) => Found(status, device).GetProperty("online").GetBoolean();

    /// <summary>The status, once the broker has heard all that a test waits for.</summary>
    private async Task<string> StatusAsync(Func<JsonDocument, bool> wanted)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var run = await FleetAsync("status", "--json", "--config", Config, "--wait", "0.5s");
            Assert.True(run.ExitCode == 0, run.Errors);
            using var found = JsonDocument.Parse(run.Output);
            if (found.RootElement.GetProperty("devices").EnumerateArray().Count(device => device.TryGetProperty("reported", out _)) == 2 && wanted(found)) return run.Output;
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Hang, run.Output);
        }
    }

    private async Task<(FleetDevice Device, IConfigurationRoot Settings, MqttClient Client)> StartDeviceAsync(string name)
    {
        var folder = Path.Combine(_folder, name);
        var options = new FleetOptions { Broker = _broker!.Endpoint, Fleet = "shops", Device = name, StatePath = folder, TrustedKeys = new Dictionary<string, string> { ["ops"] = Path.Combine(_folder, "ops.pub") } };
        var layer = FleetConfiguration.Open(options);
        var settings = new ConfigurationBuilder().Add(layer).Build();
        var client = new MqttClient(FleetClient.OfDevice(options));
        var outbox = DeviceOutbox.Open(new() { Path = Path.Combine(folder, "outbox"), Source = name });
        var device = new FleetDevice(layer, client, outbox);
        _devices.AddRange([device, outbox, client]);
        await device.StartAsync(TestContext.Current.CancellationToken);
        return (device, settings, client);
    }

    private static async Task Until(Func<bool> condition)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Hang, "It never came.");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    private static Task<ChildProcess.Ended> FleetAsync(params string[] arguments) => ChildProcess.RunAsync("src/Cli", "hybrid", ["fleet", .. arguments]);
}
