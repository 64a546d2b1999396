using Hybrid.Accounting;
using Hybrid.Policy;
using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.Tests.Chat;

public class DeferredChatTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly ScriptedTarget _device = new("device", "from ", "device");
    private readonly ScriptedTarget _cloud = new("cloud", "from ", "cloud");
    private readonly PlannedGrid _grid = new();

    public DeferredChatTests()
    {
        _device.Descriptor = _device.Descriptor with { ActiveWatts = 20, GridZone = "DE", DecodeTokensPerSecond = 20 };
        _cloud.Descriptor = _cloud.Descriptor with { Zone = Zone.Public, ActiveWatts = 20, GridZone = "FR", DecodeTokensPerSecond = 90 };
        var start = _time.GetUtcNow();
        _grid.Set("DE", 500, new GridForecastPoint(start.AddHours(1), start.AddHours(4), 500));
        _grid.Set("FR", 300, new(start.AddHours(1), start.AddHours(3), 200), new(start.AddHours(3), start.AddHours(4), 20));
    }

    [Fact]
    public async Task It_waits_for_its_slot_and_the_receipt_says_for_how_long_and_why()
    {
        using var client = Client();
        var asked = _time.GetUtcNow();
        var answer = client.GetResponseAsync("Hi", Options(asked.AddHours(5)));
        await RunUntilAsync(asked.AddHours(3) - TimeSpan.FromMinutes(1), answer);
        Assert.Empty(_cloud.Received);
        _grid.Set("FR", 20);
        await RunUntilAsync(asked.AddHours(3), answer);
        var response = await answer;

        Assert.Equal("from cloud", response.Text);
        var receipt = (RequestReceipt)response.AdditionalProperties![HybridUpdateKeys.Receipt]!;
        Assert.Equal(TimeSpan.FromHours(3), receipt.DeferredFor);
        Assert.Equal(TimeSpan.Zero, receipt.TotalTime);
        Assert.Contains("\"deferredForSeconds\":10800", receipt.ToJson(), StringComparison.Ordinal);
        Assert.Contains("deferred from 2026-01-01 00:00Z to 2026-01-01 03:00Z, it could wait until 2026-01-01 05:00Z: cloud at 20 g/kWh is expected to score $", receipt.Decision.Explain(), StringComparison.Ordinal);
        Assert.Contains("at 20 g/kWh (average, live: plan)", receipt.Decision.Explain(), StringComparison.Ordinal); // decided by what is so now
    }

    [Fact]
    public async Task Nothing_came_so_the_device_takes_it()
    {
        using var client = Client();
        var asked = _time.GetUtcNow();
        var answer = client.GetResponseAsync("Hi", Options(asked.AddHours(5)));
        await RunUntilAsync(asked.AddHours(2), answer);
        _cloud.State = new(TargetReadiness.Unavailable, "gone");
        await RunUntilAsync(asked.AddHours(3), answer);
        Assert.Equal("from device", (await answer).Text);
    }

    [Fact]
    public async Task Without_a_forecast_it_runs_at_once_and_says_so()
    {
        _grid.Set("DE", 500);
        _grid.Set("FR", 300);
        using var client = Client();
        var response = await client.GetResponseAsync("Hi", Options(_time.GetUtcNow().AddHours(5)));
        var receipt = (RequestReceipt)response.AdditionalProperties![HybridUpdateKeys.Receipt]!;
        Assert.Equal(TimeSpan.Zero, receipt.DeferredFor);
        Assert.Contains("not deferred, though it could wait until 2026-01-01 05:00Z: neither a forecast nor a price schedule", receipt.Decision.Explain(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_that_cannot_wait_says_nothing_of_it()
    {
        using var client = Client();
        var response = await client.GetResponseAsync("Hi", new ChatOptions().WithPolicy("green"));
        Assert.Null(((Decision)response.AdditionalProperties![HybridUpdateKeys.Decision]!).Deferral);
    }

    [Fact]
    public async Task Waiting_can_be_cancelled()
    {
        using var client = Client();
        using var cancel = new CancellationTokenSource();
        var answer = client.GetResponseAsync("Hi", Options(_time.GetUtcNow().AddHours(5)), cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
        Assert.Empty(_cloud.Received);
    }

    [Fact]
    public void A_decision_alone_tells_the_slot_and_waits_for_nothing()
    {
        using var client = Client();
        var decision = client.Decide([new(ChatRole.User, "Hi")], Options(_time.GetUtcNow().AddHours(5)));
        Assert.Equal(_time.GetUtcNow().AddHours(3), decision.Deferral!.StartAt);
        Assert.Contains("\"startAt\":\"2026-01-01T03:00:00+00:00\"", decision.ToJson(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_deadline_still_binds()
    {
        using var client = Client();
        var response = await client.GetResponseAsync("Hi", Options(_time.GetUtcNow().AddHours(5)).WithDeadline(TimeSpan.FromSeconds(30)));
        Assert.Equal(TimeSpan.Zero, ((RequestReceipt)response.AdditionalProperties![HybridUpdateKeys.Receipt]!).DeferredFor);
    }

    [Fact]
    public async Task A_wrong_value_is_refused()
    {
        using var client = Client();
        var options = new ChatOptions { AdditionalProperties = new() { ["hybrid.can_wait_until"] = "tomorrow" } };
        var error = await Assert.ThrowsAsync<HybridException>(() => client.GetResponseAsync("Hi", options));
        Assert.Contains("'hybrid.can_wait_until' is String; it must be DateTimeOffset", error.Message, StringComparison.Ordinal);
    }

    private static ChatOptions Options(DateTimeOffset until) => new ChatOptions().WithPolicy("green").WithPrivacy(PrivacyClass.Public).CanWaitUntil(until);

    private HybridChatClient Client() => new([_device, _cloud], new() { TimeProvider = _time, Grid = _grid });

    /// <summary>Moves the clock a minute at a time, letting the client look at it in between.</summary>
    private async Task RunUntilAsync(DateTimeOffset time, Task answer)
    {
        while (_time.GetUtcNow() < time)
        {
            Assert.False(answer.IsCompleted);
            _time.Advance(TimeSpan.FromMinutes(1));
            await Task.Yield();
        }
    }

    private sealed class PlannedGrid : IGridIntensitySource
    {
        private readonly Dictionary<string, GridReading> _zones = [];

        public GridReading Read(string zone) => _zones[zone];

        public void Set(string zone, double now, params GridForecastPoint[] forecast) =>
            _zones[zone] = new(new(now, IntensityKind.Average, "plan", IntensityProvenance.Live), forecast);
    }
}
