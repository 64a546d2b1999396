using System.Text.Json;
using System.Text.Json.Nodes;
using Hybrid.Edge.Fleet;
using Hybrid.Edge.Mqtt;
using Hybrid.Edge.Tests.Outbox;

namespace Hybrid.Edge.Tests.Fleet;

public sealed class CommandTests
{
    private const string Results = "hybrid/v1/shops/till-1/command/result";

    private static string Command(string id, string command = "count", string expires = "2026-01-07T00:00:00Z", string device = "till-1", string arguments = "{}", int schema = 1) =>
        $$"""{ "schema": {{schema}}, "id": "{{id}}", "fleet": "shops", "device": "{{device}}", "command": "{{command}}", "arguments": {{arguments}}, "expires": "{{expires}}" }""";

    private static Task SendAsync(FleetPlace place, byte[] envelope) => place.Operator.PublishAsync(
        new() { Topic = "hybrid/v1/shops/till-1/command", Payload = envelope, Qos = MqttQos.AtLeastOnce }, TestContext.Current.CancellationToken);

    private static Task SendAsync(FleetPlace place, string command) => SendAsync(place, place.Sign(command, SignedEnvelope.Command));

    private static Task<JsonElement> AnswerAsync(FleetPlace place, string id) => place.SaidAsync(Results, one => one.GetProperty("id").GetString() == id);

    [Fact]
    public async Task A_command_is_done_once_however_often_it_comes_and_answered_each_time()
    {
        var count = new Count();
        await using var place = await FleetPlace.StartAsync(parts: new() { Commands = [count] });
        await SendAsync(place, Command("c1", arguments: """{ "by": 3 }"""));
        var answer = await AnswerAsync(place, "c1");
        Assert.Equal((true, "3", "count"), (answer.GetProperty("done").GetBoolean(), answer.GetProperty("outcome").GetString(), answer.GetProperty("command").GetString()));
        await SendAsync(place, Command("c1", arguments: """{ "by": 3 }"""));
        await OutboxPlace.Until(() => place.Bus.TakenNow.Count(message => message.Topic == Results) == 2);
        Assert.Equal(3, count.Sum);

        // The same after a restart.
        await place.Device.StopAsync(TestContext.Current.CancellationToken);
        await using var again = await FleetPlace.StartAsync(place.Folder, new() { Commands = [count] }, key: place.Key);
        await SendAsync(again, Command("c1", arguments: """{ "by": 3 }"""));
        Assert.Equal("3", (await AnswerAsync(again, "c1")).GetProperty("outcome").GetString());
        Assert.Equal(3, count.Sum);
    }

    [Theory]
    [InlineData("2025-12-31T23:59:59Z", "count", "expired: it expired at")]
    [InlineData("2026-01-09T00:00:00Z", "count", "invalid: it may live 7 days at most")]
    [InlineData("2026-01-07T00:00:00Z", "dance", "invalid: this device knows no such command; it knows count, report")]
    [InlineData("2026-01-07T00:00:00Z", "count", "by is missing")]
    public async Task What_cannot_be_done_is_answered_with_the_reason(string expires, string command, string reason)
    {
        var count = new Count();
        await using var place = await FleetPlace.StartAsync(parts: new() { Commands = [count] });
        await SendAsync(place, Command("c", command, expires));
        var answer = await AnswerAsync(place, "c");
        Assert.False(answer.GetProperty("done").GetBoolean());
        Assert.StartsWith(reason, answer.GetProperty("outcome").GetString(), StringComparison.Ordinal);
        Assert.Equal(0, count.Sum);
    }

    [Fact]
    public async Task Whoever_cannot_sign_gets_no_answer()
    {
        var count = new Count();
        await using var place = await FleetPlace.StartAsync(parts: new() { Commands = [count] });
        var good = Command("c", arguments: """{ "by": 1 }""");
        await SendAsync(place, SignedEnvelope.Sign(SignedEnvelope.Command, System.Text.Encoding.UTF8.GetBytes(good), "ops", FleetPlace.KeyPair.Create().Private));
        await SendAsync(place, place.Sign(good, SignedEnvelope.Desired));
        await SendAsync(place, System.Text.Encoding.UTF8.GetBytes(good));
        await SendAsync(place, Command("c", device: "till-2", arguments: """{ "by": 1 }"""));
        await SendAsync(place, Command("c", schema: 2, arguments: """{ "by": 1 }"""));
        await SendAsync(place, Command("", arguments: """{ "by": 1 }"""));
        await SendAsync(place, "[]");
        await SendAsync(place, Command("last", arguments: """{ "by": 10 }"""));
        await AnswerAsync(place, "last");
        Assert.Equal(10, count.Sum);
        Assert.Single(place.Bus.TakenNow, message => message.Topic == Results);
    }

    [Fact]
    public async Task A_command_that_the_device_went_down_with_is_not_done_again_and_said()
    {
        var hangs = new Hangs();
        var place = await FleetPlace.StartAsync(parts: new() { Commands = [hangs] });
        await SendAsync(place, Command("c", "hang"));
        await hangs.Begun.Task.WaitAsync(OutboxPlace.Hang, TestContext.Current.CancellationToken);
        await place.Device.StopAsync(TestContext.Current.CancellationToken);
        await using var again = await FleetPlace.StartAsync(place.Folder, new() { Commands = [new Count()] }, key: place.Key);
        var answer = await AnswerAsync(again, "c");
        Assert.Equal((false, "the device went down while it was done; whether it was done is not known"), (answer.GetProperty("done").GetBoolean(), answer.GetProperty("outcome").GetString()));
        await place.DisposeAsync();
    }

    [Fact]
    public async Task A_report_can_be_asked_for()
    {
        await using var place = await FleetPlace.StartAsync();
        await place.SaidAsync("hybrid/v1/shops/till-1/reported", _ => true);
        await SendAsync(place, Command("c", "report"));
        Assert.True((await AnswerAsync(place, "c")).GetProperty("done").GetBoolean());
    }

    [Fact]
    public void What_expired_is_forgotten_and_what_is_remembered_is_bounded()
    {
        var folder = Directory.CreateTempSubdirectory("hybrid-commands").FullName;
        try
        {
            var now = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
            var memory = new CommandMemory(Path.Combine(folder, "commands.json"), new QuickDisk(), Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
            for (var i = 0; i < CommandMemory.Most; i++)
            {
                memory.Begin($"{i}", now.AddMinutes(1), now);
                memory.End($"{i}", new(1, $"{i}", "x", true, "", now));
            }

            Assert.Equal(HybridError.Busy, Assert.Throws<HybridException>(() => memory.Begin("more", now.AddMinutes(1), now)).Error);
            memory.Begin("later", now.AddMinutes(9), now.AddMinutes(2));
            Assert.Null(memory.Find("1"));
            Assert.NotNull(memory.Find("later"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private sealed class Count : IFleetCommand
    {
        public int Sum { get; private set; }

        public string Name => "count";

        public Task<string> RunAsync(JsonObject arguments, CancellationToken cancellationToken)
        {
            Sum += arguments["by"]?.GetValue<int>() ?? throw new HybridException(HybridError.InvalidRequest, "by is missing.");
            return Task.FromResult($"{Sum}");
        }
    }

    private sealed class Hangs : IFleetCommand
    {
        public TaskCompletionSource Begun { get; } = new();

        public string Name => "hang";

        public async Task<string> RunAsync(JsonObject arguments, CancellationToken cancellationToken)
        {
            Begun.TrySetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return "";
        }
    }
}
