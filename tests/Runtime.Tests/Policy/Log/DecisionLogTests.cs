using System.Text.Json;
using Hybrid.Accounting;
using Hybrid.Policy;
using Hybrid.Policy.Learning;
using Hybrid.Policy.Log;
using Hybrid.Targets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.Tests.Policy.Log;

public sealed class DecisionLogTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hybrid-log").FullName;
    private readonly ManualTimeProvider _time = new();
    private readonly Lines _words = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Figures_come_once_and_every_decision_can_be_made_again_from_its_line()
    {
        var decisions = new[] { PolicyPresets.Balanced, PolicyPresets.Fast, PolicyPresets.Balanced }.Select(AnyDecision).ToList();
        await WriteAsync(Options(), [.. decisions]);
        Assert.Equal(
            ["policy", "target", "target", "target", "decision", "policy", "decision", "decision"],
            ReadLines().Select(line => line.GetProperty("record").GetString()));

        var entries = Read(out var reader).Cast<DecisionEntry>().ToList();
        Assert.Equal(0, reader.Damaged);
        for (var i = 0; i < decisions.Count; i++)
        {
            Assert.Equal(decisions[i].PolicyVersion, entries[i].Policy.Version);
            Assert.Equal(decisions[i].Profile, entries[i].Logged.Profile);
            var again = PolicyEngine.Decide(entries[i].Logged.Profile, entries[i].Snapshots, entries[i].Policy);
            Assert.Equal(decisions[i].Targets.Select(target => target.ScoreDollars), again.Targets.Select(target => target.ScoreDollars)); // to the last bit
            Assert.Equal(decisions[i].Targets.Select(target => target.TimeToFirstTokenBand[1]), again.Targets.Select(target => target.TimeToFirstTokenBand[1]));
        }
    }

    [Fact]
    public async Task A_line_says_what_was_chosen_how_likely_and_which_walls_stood()
    {
        var policy = PolicyPresets.Balanced with { ExplorationRate = 0.1, MaxExplorationDollars = 1 };
        var profile = TestTargets.Chat with { Privacy = PrivacyClass.Internal, Tag = "summary" };
        TargetSnapshot[] targets = [TestTargets.Device.Warm(), TestTargets.Site.Warm(), TestTargets.Cloud.Warm()];
        await WriteAsync(Options(), PolicyEngine.Explore(profile, targets, policy, 0.01));
        var decision = ReadLines()[^1].GetProperty("decision");
        Assert.Equal(("device", true, "summary"), (decision.GetProperty("chosen").GetString(), decision.GetProperty("explored").GetBoolean(), decision.GetProperty("profile").GetProperty("tag").GetString()));
        Assert.Equal([0.1, 0.9, 0], decision.GetProperty("targets").EnumerateArray().Select(target => target.GetProperty("propensity").GetDouble()));
        Assert.Equal("Privacy", Assert.Single(decision.GetProperty("targets")[2].GetProperty("walls").EnumerateArray()).GetString());
    }

    [Fact]
    public async Task A_full_file_is_put_aside_and_each_file_stands_alone()
    {
        var options = Options() with { MaxFileSize = 10_000, KeptFiles = 2 };
        await WriteAsync(options, [.. Enumerable.Repeat(0, 40).Select(_ => AnyDecision(PolicyPresets.Balanced))]);
        Assert.Equal(["decisions.jsonl", "decisions.jsonl.1", "decisions.jsonl.2"], Directory.GetFiles(_folder).Select(Path.GetFileName).Order());
        var last = new List<int>();
        foreach (var file in options.Files())
        {
            Assert.InRange(new FileInfo(file).Length, 1, 10_000);
            var reader = new LogReader();
            last.AddRange(reader.Read([file]).Select(entry => int.Parse(entry.Id)));
            Assert.Equal(0, reader.Damaged);
        }

        Assert.Equal(Enumerable.Range(last[0], last.Count), last);
        Assert.Equal(39, last[^1]);
    }

    [Fact]
    public async Task Without_kept_files_only_the_last_remains()
    {
        await WriteAsync(Options() with { MaxFileSize = 10_000, KeptFiles = 0 }, [.. Enumerable.Repeat(0, 20).Select(_ => AnyDecision(PolicyPresets.Balanced))]);
        Assert.Equal("decisions.jsonl", Path.GetFileName(Assert.Single(Directory.GetFiles(_folder))));
        Assert.Equal("19", Read(out _).Last().Id);
    }

    [Fact]
    public async Task A_full_queue_blocks_nobody_and_what_is_missing_is_said()
    {
        var gate = new StreamGate();
        gate.Open.Reset();
        var log = Log(Options() with { QueueLength = 10 }, gate);
        log.Decided("first", AnyDecision(PolicyPresets.Balanced), []);
        gate.Entered.Wait(TestContext.Current.CancellationToken); // the writer hangs in the disk
        for (var i = 0; i < 25; i++)
            log.Decided($"{i}", AnyDecision(PolicyPresets.Balanced), []);
        log.Rated("first", 1);
        gate.Open.Set();
        await log.DisposeAsync();

        Assert.Equal(["first", .. Enumerable.Range(0, 10).Select(i => $"{i}")], Read(out var reader).Select(entry => entry.Id));
        Assert.Equal(15, reader.LostDecisions);
        var lost = Assert.Single(ReadLines(), line => line.GetProperty("record").GetString() == "lost").GetProperty("lost");
        Assert.Equal((15, 1), (lost.GetProperty("decisions").GetInt32(), lost.GetProperty("otherRecords").GetInt32()));
        Assert.Contains(_words.Written, line => line.Contains("more than 10 records waited", StringComparison.Ordinal));
        Assert.Contains(_words.Written, line => line.Contains("15 decisions and 1 other records are missing", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_full_disk_is_told_in_the_log_once_there_is_room_again()
    {
        var gate = new StreamGate();
        var log = Log(Options(), gate);
        log.Decided("before", AnyDecision(PolicyPresets.Balanced), []);
        gate.Full = true;
        for (var i = 0; i < 3; i++)
            log.Decided($"{i}", AnyDecision(PolicyPresets.Balanced), []);
        Assert.True(await gate.Refused.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
        gate.Open.Reset();
        gate.Full = false;
        gate.Open.Set();
        log.Decided("after", AnyDecision(PolicyPresets.Balanced), []);
        await log.DisposeAsync();

        var read = Read(out var reader).Select(entry => entry.Id).ToList();
        Assert.Equal("after", read[^1]);
        Assert.InRange(reader.Damaged, 1, 4); // what the disk took of the lines that did not fit
        Assert.Equal(5, read.Count + reader.LostDecisions);
        Assert.True(reader.LostDecisions > 0);
        Assert.Contains(_words.Written, line => line.Contains("No space left on device", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_could_never_be_written_is_told_at_the_end()
    {
        var gate = new StreamGate { Full = true };
        var log = Log(Options(), gate);
        log.Decided("1", AnyDecision(PolicyPresets.Balanced), []);
        await log.DisposeAsync();
        Assert.Contains(_words.Written, line => line.Contains("closed without 1 decisions and 0 other records: No space left", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Nothing_is_written_after_disposing_and_disposing_twice_is_no_fault()
    {
        var log = Log(Options(), new());
        log.Decided("1", AnyDecision(PolicyPresets.Balanced), []);
        await log.DisposeAsync();
        await log.DisposeAsync();
        var length = new FileInfo(Options().Path).Length;
        log.Decided("2", AnyDecision(PolicyPresets.Balanced), []);
        log.Rated("1", 0.5);
        Assert.Equal(length, new FileInfo(Options().Path).Length);
        Assert.Contains(_words.Written, line => line.Contains("the log was closed before", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_second_writer_does_not_touch_the_first_ones_file()
    {
        var gate = new StreamGate();
        var first = Log(Options(), gate);
        first.Decided("mine", AnyDecision(PolicyPresets.Balanced), []);
        gate.Entered.Wait(TestContext.Current.CancellationToken);
        var second = Log(Options(), new());
        second.Decided("theirs", AnyDecision(PolicyPresets.Balanced), []);
        await second.DisposeAsync();
        await first.DisposeAsync();
        Assert.Equal("mine", Assert.Single(Read(out var reader)).Id);
        Assert.Equal(0, reader.Damaged);
        Assert.Contains(_words.Written, line => line.Contains("closed without 1 decisions", StringComparison.Ordinal));
        Assert.Single(Directory.GetFiles(_folder));
    }

    [Fact]
    public async Task A_line_that_a_crash_cut_off_spoils_no_other()
    {
        await File.WriteAllTextAsync(Options().Path, "{\"record\":\"decision\",\"ti", TestContext.Current.CancellationToken);
        await WriteAsync(Options(), AnyDecision(PolicyPresets.Balanced));
        Assert.Equal("0", Assert.Single(Read(out var reader)).Id);
        Assert.Equal(1, reader.Damaged);
        Assert.Contains("decisions.jsonl:1: ", reader.FirstDamage, StringComparison.Ordinal);
    }

    private static Decision AnyDecision(RoutingPolicy policy)
    {
        var rates = new TargetRates(1234.5678, 1 / 3.0, TimeSpan.FromTicks(12345677), TimeSpan.FromTicks(99999999), 17)
        {
            FirstTokenSpread = new(level => 0.3 + (level * Math.PI)),
            CachedShare = 0.1,
            FailureProbability = 1 / 7.0,
        };
        return PolicyEngine.Decide(
            TestTargets.Chat with { Tenant = "t", DollarsLeft = 0.1 / 3, TimeLeft = TimeSpan.FromTicks(1234567891), MaxTimeToFirstToken = TimeSpan.FromTicks(98765432101), MaxTimePerToken = TimeSpan.FromTicks(33333333) },
            [
                new(TestTargets.Device, TargetState.Warm, rates) { BatteryLeft = 1 / 7.0 },
                new(TestTargets.Site, new(TargetReadiness.Cold, "asleep", 3, 1, 2), rates) { Grid = new(123.456, IntensityKind.Marginal, "table", IntensityProvenance.Cached), LearnedDollars = -1e-4 / 3 },
                TestTargets.Cloud.Warm(),
            ],
            policy);
    }

    private DecisionLogOptions Options() => new() { Path = Path.Combine(_folder, "decisions.jsonl") };

    private DecisionLog Log(DecisionLogOptions options, StreamGate gate) =>
        new(options, _time, _words, path => new GatedStream(LogFile.OpenToAppend(path), gate));

    private async Task WriteAsync(DecisionLogOptions options, params Decision[] decisions)
    {
        await using var log = new DecisionLog(options, _time, NullLogger.Instance);
        for (var i = 0; i < decisions.Length; i++)
            log.Decided($"{i}", decisions[i], [LearnedBias.None, new(3, 1.25), LearnedBias.None]);
    }

    private List<LogEntry> Read(out LogReader reader)
    {
        reader = new LogReader();
        return [.. reader.Read([Options().Path])];
    }

    private List<JsonElement> ReadLines() => [.. File.ReadLines(Options().Path).Where(line => line.Length > 0).Select(line =>
    {
        try
        {
            return JsonElement.Parse(line);
        }
        catch (JsonException)
        {
            return JsonElement.Parse("{\"record\":\"damaged\"}");
        }
    })];

    /// <summary>What was said to people.</summary>
    private sealed class Lines : ILogger
    {
        private readonly List<string> _written = [];

        public IReadOnlyList<string> Written
        {
            get
            {
                lock (_written) return [.. _written];
            }
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (_written) _written.Add(formatter(state, exception));
        }
    }
}
