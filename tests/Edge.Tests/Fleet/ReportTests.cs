using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Hybrid.Accounting;
using Hybrid.Edge.Fleet;
using Hybrid.Edge.Tests.Outbox;
using Hybrid.Models.Pull;
using Hybrid.Models.Store;
using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Edge.Tests.Fleet;

/// <summary>What a device says: that it is there, how it is, what it took.</summary>
public sealed class ReportTests
{
    private const string Canary = "the quick brown canary";

    private static RequestReceipt Receipt(int i) => new()
    {
        Id = $"r{i}",
        Decision = PolicyEngine.Decide(new(), [], PolicyPresets.Balanced),
        StartedAt = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero),
        Finish = i % 2 == 0 ? RequestFinish.Stop : RequestFinish.Failed,
        TimeToFirstToken = TimeSpan.FromSeconds(0.5),
        TotalTime = TimeSpan.FromSeconds(2),
        Segments = [new() { Target = "near", Model = "m", Zone = Zone.Site, InputTokens = 10, OutputTokens = 5, Dollars = 0.25, Joules = 8, Grams = 0.5, Error = i % 2 == 0 ? null : HybridError.TargetUnavailable, ErrorMessage = Canary }],
    };

    [Fact]
    public async Task It_says_that_it_is_there_each_time_it_connects_and_that_it_goes()
    {
        await using var place = await FleetPlace.StartAsync();
        var online = await place.SaidAsync("hybrid/v1/shops/till-1/presence", one => one.GetProperty("online").GetBoolean());
        Assert.Equal(JsonValueKind.String, online.GetProperty("at").ValueKind);
        place.Client.Cut();
        await place.Client.RestoreAsync();
        await OutboxPlace.Until(() =>
        {
            place.Time.Advance(TimeSpan.FromSeconds(1));
            return place.Bus.TakenNow.Count(message => message is { Topic: "hybrid/v1/shops/till-1/presence", Retain: true }) == 2;
        });
        await place.Device.StopAsync(TestContext.Current.CancellationToken);
        Assert.False(JsonDocument.Parse(place.Bus.TakenNow.Last(message => message.Topic.EndsWith("presence", StringComparison.Ordinal)).Payload).RootElement.GetProperty("online").GetBoolean());
    }

    [Fact]
    public void Its_will_says_that_it_is_gone()
    {
        var folder = Directory.CreateTempSubdirectory("hybrid-fleet").FullName;
        var options = FleetClient.OfDevice(new() { Broker = new("mqtt://b"), Fleet = "shops", Device = "till-1", StatePath = folder, User = "u", Password = "p" });
        Assert.Equal(("hybrid/v1/shops/till-1/presence", true, """{"schema":1,"online":false}"""), (options.Will!.Message.Topic, options.Will.Message.Retain, Encoding.UTF8.GetString(options.Will.Message.Payload.Span)));
        Assert.Equal(("hybrid-shops-till-1", "u", "p"), (options.ClientId, options.UserName, options.Password));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task It_reports_again_after_a_while_with_facts_counters_and_sums()
    {
        await using var place = await FleetPlace.StartAsync(parts: new() { Facts = () => new JsonObject { ["battery"] = 0.5 }, Version = "9.8.7" });
        for (var i = 0; i < 4; i++) place.Device.Record(Receipt(i));
        var said = await place.SaidAsync("hybrid/v1/shops/till-1/reported", one => one.GetProperty("uptimeSeconds").GetDouble() > 300);
        Assert.Equal(0.5, said.GetProperty("facts").GetProperty("battery").GetDouble());
        Assert.Equal("9.8.7", said.GetProperty("agent").GetString());
        var spend = said.GetProperty("spend");
        Assert.Equal((4, 2, 40, 20, 1.0, 32.0, 2.0), (spend.GetProperty("requests").GetInt64(), spend.GetProperty("failed").GetInt64(), spend.GetProperty("inputTokens").GetInt64(), spend.GetProperty("outputTokens").GetInt64(), spend.GetProperty("dollars").GetDouble(), spend.GetProperty("joules").GetDouble(), spend.GetProperty("grams").GetDouble()));
        Assert.True(said.GetProperty("outbox").GetProperty("sent").GetInt64() >= 1);
    }

    [Fact]
    public async Task Telemetry_comes_in_batches_of_lines_packed_where_they_are_large_and_holds_no_text()
    {
        await using var place = await FleetPlace.StartAsync();
        place.Device.Record(Receipt(0));
        await OutboxPlace.Until(() => Advance() && Telemetry().Length == 1);
        for (var i = 1; i < 1000; i++) place.Device.Record(Receipt(i));
        await OutboxPlace.Until(() => Advance() && Lines().Length == 1000);
        Assert.Equal(Enumerable.Range(0, 1000).Select(i => $"r{i}"), Lines().Select(line => JsonDocument.Parse(line).RootElement.GetProperty("id").GetString()));
        Assert.Equal(FleetTelemetry.Lines, Telemetry()[0].ContentType);
        Assert.Contains(Telemetry(), message => message.ContentType == FleetTelemetry.Compressed);
        Assert.InRange(Telemetry().Length, 3, 30);
        Assert.DoesNotContain(Lines(), line => line.Contains(Canary, StringComparison.Ordinal));
        var first = JsonDocument.Parse(Lines()[0]).RootElement;
        Assert.Equal(("balanced", "near", "site", 0.25), (first.GetProperty("policy").GetString(), first.GetProperty("segments")[0].GetProperty("target").GetString(), first.GetProperty("segments")[0].GetProperty("zone").GetString(), first.GetProperty("segments")[0].GetProperty("dollars").GetDouble()));

        bool Advance()
        {
            place.Time.Advance(TimeSpan.FromSeconds(5));
            return true;
        }

        Hybrid.Edge.Mqtt.MqttMessage[] Telemetry() => [.. place.Bus.TakenNow.Where(message => message.Topic == "hybrid/v1/shops/till-1/telemetry")];

        string[] Lines() => [.. Telemetry().SelectMany(message => Encoding.UTF8.GetString(Unpacked(message)).Split('\n', StringSplitOptions.RemoveEmptyEntries))];
    }

    [Fact]
    public async Task Models_that_the_fleet_wants_are_fetched_reported_and_removed_when_it_is_told()
    {
        var folder = Directory.CreateTempSubdirectory("hybrid-models").FullName;
        var file = Path.Combine(folder, "m.gguf");
        await File.WriteAllBytesAsync(file, new byte[1000], TestContext.Current.CancellationToken);
        var models = new FleetModels(ModelStore.Open(Path.Combine(folder, "store")), () => new PullOptions());
        await using (var place = await FleetPlace.StartAsync(parts: new() { Models = models }))
        {
            await place.PublishAsync(FleetPlace.Fleet(1, "{}", $$"""{ "mine:q8": "file:{{file}}", "none:q8": "file:{{file}}x" }"""));
            await OutboxPlace.Until(() => place.Device.Reported.Models.Count(model => model.State is not "fetching") == 2);
            Assert.Equal(new("mine:q8", "present", 1000, null), place.Device.Reported.Models[0]);
            Assert.Equal(("none:q8", "failed"), (place.Device.Reported.Models[1].Name, place.Device.Reported.Models[1].State));
            Assert.NotEmpty(place.Device.Reported.Models[1].Reason!);
            await place.PublishAsync(FleetPlace.Fleet(2, "{}"));
            await OutboxPlace.Until(() => place.Device.Reported.Models.Count == 1);
            Assert.Equal("model 'mine:q8' was removed, 1000 bytes are free", await models.Commands[1].RunAsync(new() { ["name"] = "mine:q8" }, TestContext.Current.CancellationToken));
            Assert.Equal("model 'other:latest' is in the store, 1000 bytes", await models.Commands[0].RunAsync(new() { ["name"] = "other", ["reference"] = "file:" + file }, TestContext.Current.CancellationToken));
            Assert.Equal("other:latest", Assert.Single(place.Device.Reported.Models).Name);
            Assert.Equal(HybridError.InvalidRequest, (await Assert.ThrowsAsync<HybridException>(() => models.Commands[0].RunAsync([], TestContext.Current.CancellationToken))).Error);
        }

        Directory.Delete(folder, recursive: true);
    }

    private static byte[] Unpacked(Hybrid.Edge.Mqtt.MqttMessage message)
    {
        if (message.ContentType != FleetTelemetry.Compressed) return message.Payload.ToArray();
        using var unpacked = new MemoryStream();
        using (var brotli = new BrotliStream(new MemoryStream(message.Payload.ToArray()), CompressionMode.Decompress)) brotli.CopyTo(unpacked);
        return unpacked.ToArray();
    }
}
