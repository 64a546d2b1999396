using System.Text;
using System.Text.Json;
using Hybrid.Accounting;
using Hybrid.Configuration;
using Hybrid.Edge.Tests.Inference;
using Hybrid.Edge.Waiting;
using Hybrid.OpenAi;
using Hybrid.Policy;
using Hybrid.Storage;
using Hybrid.Targets;
using Hybrid.Tests;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.Edge.Tests.Waiting;

/// <summary>Requests that can wait: none is lost, none is answered twice, and none ends in silence.</summary>
public sealed class WaitingRequestsTests : IDisposable
{
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromMinutes(3));
    private readonly TemporaryFolder _folder = new();
    private readonly ManualTimeProvider _time = new();

    private CancellationToken Limit => _limit.Token;

    [Fact]
    public async Task An_answer_is_kept_until_it_is_removed_also_over_a_restart()
    {
        string id;
        await using (var client = Client(new ScriptedTarget("device", "Later", ".")))
        {
            await using var waiting = Open(client);
            id = waiting.Add(Body(TimeSpan.FromHours(1)), NoHeaders).Id;
            await UntilAsync(() => waiting.Find(id)!.State == WaitingState.Done);
        }

        await using (var client = Client(new ScriptedTarget("device", "Again", ".")))
        {
            await using var waiting = Open(client);
            var status = waiting.Find(id)!;
            Assert.Equal((WaitingState.Done, 0), (status.State, waiting.Count));
            Assert.Equal("Later.", Text(status));
            Assert.True(waiting.Remove(id));
            Assert.False(waiting.Remove(id));
            Assert.Null(waiting.Find(id));
        }

        Assert.Equal([".lock"], Directory.EnumerateFiles(_folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public async Task It_starts_in_the_cheaper_slot_and_says_when_and_why()
    {
        var device = new ScriptedTarget("device", "cheap");
        device.Descriptor = device.Descriptor with
        {
            DollarsPerMillionOutputTokens = 1000,
            Schedule = new PriceSchedule(TimeZoneInfo.Utc, [new(TimeSpan.FromHours(2), TimeSpan.FromHours(6), 0.1)]),
        };
        await using var client = Client(device);
        await using var waiting = Open(client);
        var id = waiting.Add(Body(TimeSpan.FromHours(8)), NoHeaders).Id;
        await UntilAsync(() => waiting.Find(id)!.Reason.Length > 0);
        var status = waiting.Find(id)!;
        Assert.Equal((WaitingState.Waiting, _time.GetUtcNow().AddHours(2)), (status.State, status.StartAt));
        Assert.Contains("expected to score", status.Reason, StringComparison.Ordinal);
        for (var minute = 0; minute < 119; minute++) await StepAsync(TimeSpan.FromMinutes(1), id, waiting);
        Assert.Empty(device.Received);
        await StepAsync(TimeSpan.FromMinutes(1), id, waiting);
        await UntilAsync(() => waiting.Find(id)!.State == WaitingState.Done);
        Assert.Equal(RequestPriority.Background, Assert.Single(device.Received).Request.Priority);
        Assert.Equal(7200, JsonElement.Parse(Encoding.UTF8.GetString(waiting.Find(id)!.Result.Span)).GetProperty("hybrid").GetProperty("deferred_seconds").GetDouble(), 1.0);
    }

    [Fact]
    public async Task Where_nobody_may_take_it_now_it_is_tried_again_until_somebody_may()
    {
        var device = new ScriptedTarget("device", "back") { State = new(TargetReadiness.Unavailable, "away") };
        await using var client = Client(device);
        await using var waiting = Open(client);
        var id = waiting.Add(Body(TimeSpan.FromHours(1)), NoHeaders).Id;
        await UntilAsync(() => waiting.Find(id)!.Reason.Contains("away", StringComparison.Ordinal));
        for (var i = 0; i < 5; i++) await StepAsync(TimeSpan.FromSeconds(30), id, waiting);
        Assert.Equal(WaitingState.Waiting, waiting.Find(id)!.State);
        device.State = TargetState.Warm;
        await StepAsync(TimeSpan.FromSeconds(30), id, waiting);
        await UntilAsync(() => waiting.Find(id)!.State == WaitingState.Done);
        Assert.Equal("back", Text(waiting.Find(id)!));
    }

    [Fact]
    public async Task When_its_time_is_over_it_fails_with_the_reason()
    {
        var device = new ScriptedTarget("device", "never") { State = new(TargetReadiness.Unavailable, "broken for good") };
        await using var client = Client(device);
        await using var waiting = Open(client);
        var id = waiting.Add(Body(TimeSpan.FromMinutes(2)), NoHeaders).Id;
        await UntilAsync(() => waiting.Find(id)!.Reason.Length > 0);
        for (var i = 0; i < 20 && waiting.Find(id)!.State != WaitingState.Failed; i++) await StepAsync(TimeSpan.FromSeconds(10), id, waiting);
        await UntilAsync(() => waiting.Find(id)!.State == WaitingState.Failed);
        var error = JsonElement.Parse(Encoding.UTF8.GetString(waiting.Find(id)!.Result.Span));
        Assert.Equal("not_allowed", error.GetProperty("code").GetString());
        Assert.Contains("broken for good", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Empty(device.Received);
    }

    [Fact]
    public async Task At_the_last_moment_it_runs_on_what_is_there()
    {
        var device = new ScriptedTarget("device", "still") { State = new(TargetReadiness.Unavailable, "asleep") };
        await using (var client = Client(device))
        {
            await using var waiting = Open(client);
            waiting.Add(Body(TimeSpan.FromMinutes(2)), NoHeaders);
        }

        // The device was off when the time passed; nothing is dropped for that.
        _time.Advance(TimeSpan.FromHours(3));
        device.State = TargetState.Warm;
        await using (var client = Client(device))
        {
            await using var waiting = Open(client);
            await UntilAsync(() => waiting.Count == 0);
        }

        Assert.Single(Directory.EnumerateFiles(_folder.Path, "*.done"));
    }

    [Fact]
    public async Task The_class_is_the_one_that_counted_when_it_was_taken()
    {
        var cloud = new ScriptedTarget("cloud", "leak");
        cloud.Descriptor = cloud.Descriptor with { Zone = Zone.Public };
        string id;
        await using (var client = Client(cloud))
        {
            await using var waiting = Open(client); // internal, by default
            id = waiting.Add(Body(TimeSpan.FromHours(1)), NoHeaders).Id;
            await UntilAsync(() => waiting.Find(id)!.Reason.Length > 0);
        }

        await using (var client = new HybridChatClient([cloud], new() { TimeProvider = _time, Privacy = PrivacyClass.Public }))
        {
            await using var waiting = Open(client);
            await UntilAsync(() => waiting.Find(id)!.Reason.Length > 0);
            Assert.Equal(WaitingState.Waiting, waiting.Find(id)!.State);
            var open = waiting.Add(Body(TimeSpan.FromHours(1)), NoHeaders).Id;
            await UntilAsync(() => waiting.Find(open)!.State == WaitingState.Done);
        }

        Assert.Equal(PrivacyClass.Public, Assert.Single(cloud.Received).Request.Privacy);
    }

    [Fact]
    public async Task Wherever_the_power_goes_what_was_acknowledged_has_one_answer()
    {
        List<(string Folder, int Acknowledged)> moments = [];
        using var kept = new TemporaryFolder();
        List<string> acknowledged = [];
        await using var client = Client(new ScriptedTarget("device", "an", " answer"));
        var disk = new CopyingDisk(_folder.Path, copy => moments.Add((copy, acknowledged.Count)), kept.Path);
        await using (var waiting = Open(client, disk: disk))
        {
            for (var i = 0; i < 4; i++)
            {
                var id = waiting.Add(Body(TimeSpan.FromHours(1)), NoHeaders).Id;
                acknowledged.Add(id);
                await UntilAsync(() => waiting.Find(id)!.State == WaitingState.Done);
            }
        }

        Assert.InRange(moments.Count, 16, 200);
        foreach (var (folder, count) in moments)
        {
            await using var waiting = Open(client, folder: folder);
            await UntilAsync(() => waiting.Count == 0);
            foreach (var id in acknowledged.Take(count)) Assert.Equal("an answer", Text(waiting.Find(id)!));
            Assert.True(Directory.EnumerateFiles(folder, "*.done").Count() <= count + 1);
            Assert.Empty(Directory.EnumerateFiles(folder, "*.asked"));
        }
    }

    [Fact]
    public async Task What_ends_the_process_again_and_again_is_not_run_for_ever()
    {
        var device = new GateTarget();
        await using var client = Client(device);
        string? id = null;
        for (var i = 0; i < 3; i++)
        {
            await using var waiting = Open(client);
            id ??= waiting.Add(Body(TimeSpan.FromHours(1)), NoHeaders).Id;
            await device.NextAsync(Limit);
        }

        await using var last = Open(client);
        await UntilAsync(() => last.Find(id!)!.State == WaitingState.Failed);
        Assert.Contains("ended 3 times", Encoding.UTF8.GetString(last.Find(id!)!.Result.Span), StringComparison.Ordinal);
        Assert.False(device.WasAsked);
    }

    [Fact]
    public async Task Removing_one_that_runs_stops_it_and_leaves_nothing()
    {
        var device = new GateTarget();
        await using var client = Client(device);
        await using var waiting = Open(client);
        var id = waiting.Add(Body(TimeSpan.FromHours(1)), NoHeaders).Id;
        await device.NextAsync(Limit);
        Assert.True(waiting.Remove(id));
        Assert.Null(waiting.Find(id));
        var next = waiting.Add(Body(TimeSpan.FromHours(1)), NoHeaders).Id; // its place is free
        (await device.NextAsync(Limit)).Words.Writer.TryWrite(null);
        await UntilAsync(() => waiting.Find(next)!.State == WaitingState.Done);
        Assert.Equal([".lock", next + ".done"], Directory.EnumerateFiles(_folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Draining_lets_what_runs_end_and_begins_nothing()
    {
        var device = new GateTarget();
        await using var client = Client(device);
        await using var waiting = Open(client);
        var first = waiting.Add(Body(TimeSpan.FromHours(1)), NoHeaders).Id;
        var (_, words) = await device.NextAsync(Limit);
        var second = waiting.Add(Body(TimeSpan.FromHours(1)), NoHeaders).Id;
        var drained = waiting.DrainAsync(Limit);
        Assert.Throws<HybridException>(() => waiting.Add(Body(TimeSpan.FromHours(1)), NoHeaders));
        Assert.False(drained.IsCompleted);
        words.Writer.TryWrite(null);
        await drained;
        Assert.Equal((WaitingState.Done, WaitingState.Waiting), (waiting.Find(first)!.State, waiting.Find(second)!.State));
        Assert.False(device.WasAsked);
    }

    [Fact]
    public async Task Answers_that_nobody_fetches_go_after_their_time()
    {
        await using var client = Client(new ScriptedTarget("device", "x"));
        await using var waiting = Open(client);
        var id = waiting.Add(Body(TimeSpan.FromHours(1)), NoHeaders).Id;
        await UntilAsync(() => waiting.Find(id)!.State == WaitingState.Done);
        _time.Advance(TimeSpan.FromHours(23));
        Assert.NotNull(waiting.Find(id));
        _time.Advance(TimeSpan.FromHours(2));
        Assert.Null(waiting.Find(id));
        Assert.Empty(Directory.EnumerateFiles(_folder.Path, "*.done"));
    }

    [Fact]
    public async Task What_cannot_be_kept_is_told_before_anybody_believes_it_was()
    {
        await using var client = Client(new GateTarget());
        await using (var full = Open(client, disk: new FullDisk()))
        {
            Assert.Equal(HybridError.Storage, Assert.Throws<HybridException>(() => full.Add(Body(TimeSpan.FromHours(1)), NoHeaders)).Error);
            Assert.Equal(0, full.Count);
        }

        await using var small = Open(client, most: 1);
        small.Add(Body(TimeSpan.FromHours(1)), NoHeaders);
        Assert.Equal(HybridError.Busy, Assert.Throws<HybridException>(() => small.Add(Body(TimeSpan.FromHours(1)), NoHeaders)).Error);
        Assert.Equal(HybridError.Storage, Assert.Throws<HybridException>(() => Open(client)).Error); // another one has the folder
    }

    [Theory]
    [InlineData("""{"messages":[{"role":"user","content":"hi"}]}""", null)]
    [InlineData("""{"messages":[{"role":"user","content":"hi"}],"stream":true,"hybrid":{"can_wait_until":"2026-01-01T01:00:00Z"}}""", null)]
    [InlineData("""{"messages":[{"role":"user","content":"hi"}],"hybrid":{"can_wait_until":"2025-12-31T00:00:00Z"}}""", null)]
    [InlineData("""{"messages":[{"role":"user","content":"hi"}],"hybrid":{"can_wait_until":"2027-01-01T00:00:00Z"}}""", null)]
    [InlineData("""{"messages":[{"role":"user","content":"hi"}],"hybrid":{"can_wait_until":"2026-01-01T01:00:00Z","policy":"none such"}}""", HybridError.InvalidRequest)]
    public async Task What_can_never_be_run_is_not_taken(string body, HybridError? error)
    {
        await using var client = Client(new ScriptedTarget("device", "x"));
        await using var waiting = Open(client);
        var thrown = Assert.ThrowsAny<Exception>(() => waiting.Add(Encoding.UTF8.GetBytes(body), NoHeaders));
        Assert.Equal(error, (thrown as HybridException)?.Error);
        if (error is null) Assert.IsType<OpenAiException>(thrown);
        Assert.Equal(0, waiting.Count);
    }

    [Fact]
    public async Task A_damaged_file_is_told_to_who_asks_for_it_and_the_others_are_run()
    {
        await using var client = Client(new ScriptedTarget("device", "fine"));
        File.WriteAllText(Path.Combine(_folder.Path, "damaged.asked"), "{\"asked\":");
        await using var waiting = Open(client);
        Assert.Equal(WaitingState.Failed, waiting.Find("damaged")!.State);
        var id = waiting.Add(Body(TimeSpan.FromHours(1)), new Dictionary<string, string>()).Id;
        await UntilAsync(() => waiting.Find(id)!.State == WaitingState.Done);
    }

    [Fact]
    public async Task Files_are_for_their_owner_alone()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no such rights.");
        await using var client = Client(new ScriptedTarget("device", "x") { State = new(TargetReadiness.Unavailable, "away") });
        await using var waiting = Open(client);
        waiting.Add(Body(TimeSpan.FromHours(1)), NoHeaders);
#pragma warning disable CA1416 // Skipped above.
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Assert.Single(Directory.EnumerateFiles(_folder.Path, "*.asked"))));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_folder.Path));
#pragma warning restore CA1416
    }

    public void Dispose()
    {
        _folder.Dispose();
        _limit.Dispose();
    }

    private static IReadOnlyDictionary<string, string> NoHeaders { get; } = new Dictionary<string, string>();

    private static string? Text(WaitingStatus status) => JsonElement.Parse(Encoding.UTF8.GetString(status.Result.Span)).GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString();

    private byte[] Body(TimeSpan wait) => Encoding.UTF8.GetBytes(
        $$"""{"messages":[{"role":"user","content":"hi"}],"hybrid":{"can_wait_until":"{{_time.GetUtcNow() + wait:O}}"} }""");

    private HybridChatClient Client(ITarget target) => new([target], new() { TimeProvider = _time, Policy = PolicyPresets.Frugal });

    private WaitingRequests Open(HybridChatClient client, IDisk? disk = null, string? folder = null, int most = 1000) =>
        WaitingRequests.Open(client, new() { Path = folder ?? _folder.Path, MaxRequests = most }, _time, NullLogger.Instance, disk);

    /// <summary>Lets the clock go on once the request has set its timer.</summary>
    private async Task StepAsync(TimeSpan by, string id, WaitingRequests waiting)
    {
        await UntilAsync(() => waiting.Find(id)!.State != WaitingState.Waiting || waiting.Find(id)!.StartAt > _time.GetUtcNow());
        _time.Advance(by);
    }

    private async Task UntilAsync(Func<bool> done)
    {
        while (!done())
        {
            Limit.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
