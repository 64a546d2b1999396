using System.Globalization;
using System.Text;
using Hybrid.Edge.Outbox;
using Hybrid.Edge.Tests.Mqtt;
using Hybrid.Tests;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.Edge.Tests.Outbox;

/// <summary>The power fails at every step and inside every write: what was acknowledged is there, in order, and nothing is made up.</summary>
public sealed class OutboxCrashTests
{
    private static readonly bool Long = Environment.GetEnvironmentVariable("HYBRID_LONG_TESTS") == "1";

    [Fact]
    public async Task Whatever_the_power_loss_leaves_all_that_was_acknowledged_is_there_in_order()
    {
        var (states, problems) = await TryAsync(OutboxBug.None, seed: 1, shuffles: Long ? 200 : 4);
        Assert.Empty(problems);
        TestContext.Current.SendDiagnosticMessage($"{states} states after a power loss");
        Assert.True(states > 2_000, $"{states} states");
    }

    [Theory]
    [InlineData(nameof(OutboxBug.AcknowledgesBeforeFlush))]
    [InlineData(nameof(OutboxBug.IgnoresCheckSums))]
    [InlineData(nameof(OutboxBug.DeletesBeforeCopied))]
    public async Task A_deliberate_bug_is_seen(string bug)
    {
        var (_, problems) = await TryAsync(Enum.Parse<OutboxBug>(bug), seed: 1, shuffles: 4);
        Assert.NotEmpty(problems);
    }

    [Fact]
    public async Task A_disk_that_only_says_that_it_flushed_is_seen()
    {
        var life = await LiveAsync(OutboxBug.None, seed: 1);
        var lies = life.Disk.Steps.Where(step => step.Kind is not RecordingDisk.StepKind.Flush).ToList();
        Assert.NotEmpty(Check(life, lies, OutboxBug.None, shuffles: 4, seed: 1).Problems);
    }

    private static async Task<(int States, List<string> Problems)> TryAsync(OutboxBug bug, int seed, int shuffles)
    {
        var life = await LiveAsync(bug, seed);
        return Check(life, life.Disk.Steps, bug, shuffles, seed);
    }

    /// <summary>An outbox that stores, sends, drops, moves and deletes, small enough to look at each of its bytes.</summary>
    private static async Task<Life> LiveAsync(OutboxBug bug, int seed)
    {
        var random = new Random(seed);
        var life = new Life();
        var outbox = new DeviceOutbox(life.Disk, Life.Options, life.Time, NullLogger.Instance, draw: () => 0.5, bug);
        var bus = new MemoryBus();
        var client = bus.Connect();
        await client.SubscribeAsync(new("#"), (message, _) =>
        {
            lock (life.Disk.Gate)
                if (!message.Topic.Contains("keep", StringComparison.Ordinal)) life.Sent[Encoding.UTF8.GetString(message.Payload.Span)] = life.Disk.Steps.Count;
            return ValueTask.CompletedTask;
        });
        for (var round = 0; round < 60; round++)
        {
            List<Task> storing = [];
            for (var i = random.Next(1, 9); i > 0; i--)
            {
                // A few that stay, among many that go: files are moved, for the sake of the few.
                var keeps = random.Next(12) == 0;
                var text = $"{life.Given.Count}:{new string((char)('a' + random.Next(26)), random.Next(1500))}";
                var message = new OutboxMessage { Topic = keeps ? "t/keep" : $"t/{random.Next(3)}", Payload = Encoding.UTF8.GetBytes(text), Class = keeps ? OutboxClass.High : OutboxClass.Normal };
                lock (life.Disk.Gate)
                {
                    var stored = outbox.AppendAsync(message);
                    life.Given.Add((message, text, stored));
                    storing.Add(stored);
                }
            }

            await Task.WhenAll(storing).WaitAsync(OutboxPlace.Hang, TestContext.Current.CancellationToken);
            using var ends = new CancellationTokenSource();
            var sending = outbox.SendAsync(new Refusing(client, "t/keep"), ends.Token);
            await client.RestoreAsync();
            await OutboxPlace.Until(() => outbox.Counters.Sent >= life.Given.Count(one => one.Message.Topic != "t/keep"));
            await ends.CancelAsync();
            await sending;
            client.Cut();
        }

        Assert.Contains(life.Disk.Steps, step => step.Kind is RecordingDisk.StepKind.Delete && step.Name.EndsWith(".log", StringComparison.Ordinal));
        return life;
    }

    private static (int States, List<string> Problems) Check(Life life, IReadOnlyList<RecordingDisk.Step> steps, OutboxBug bug, int shuffles, int seed)
    {
        List<string> problems = [];
        var states = 0;
        var random = new Random(seed);
        for (var done = 0; done <= steps.Count && problems.Count == 0; done++)
        {
            var acknowledged = done < steps.Count ? steps[done].Acknowledged : life.Given.Count;
            var size = done < steps.Count ? steps[done].Bytes.Length : 0;
            // Every byte of small writes, and every one around the ends of records of large ones.
            for (var bytes = 0; bytes <= size; bytes += size < 200 || Long ? 1 : 37)
                Look(PowerLoss.Torn(steps, done, bytes), $"step {done}, byte {bytes}");
            for (var i = 0; i < shuffles; i++)
                Look(PowerLoss.Shuffled(steps, done, random), $"step {done}, shuffle {i}");

            void Look(Dictionary<string, byte[]> files, string when)
            {
                states++;
                if (Problem(life, files, acknowledged, steps.Take(done).Count(), bug) is { } problem) problems.Add($"{when}: {problem}");
            }
        }

        return (states, problems);
    }

    /// <summary>What is wrong with what an outbox finds.</summary>
    private static string? Problem(Life life, Dictionary<string, byte[]> files, int acknowledged, int step, OutboxBug bug)
    {
        var store = new OutboxStore(new RecordingDisk(files), Life.Options, life.Time, NullLogger.Instance, bug is OutboxBug.IgnoresCheckSums ? bug : OutboxBug.None);
        Dictionary<string, List<int>> found = [];
        var wakeAt = long.MaxValue;
        foreach (var (_, record, _) in store.Take(int.MaxValue, ref wakeAt))
        {
            var text = Encoding.UTF8.GetString(record.Message.Payload.Span);
            if (!int.TryParse(text.Split(':')[0], CultureInfo.InvariantCulture, out var index) || index >= life.Given.Count || life.Given[index].Text != text || life.Given[index].Message.Topic != record.Message.Topic)
                return "a record that nobody gave";
            if (!found.TryGetValue(record.Message.Topic, out var topic)) found[record.Message.Topic] = topic = [];
            topic.Add(index);
        }

        foreach (var (topic, indices) in found)
            if (!indices.SequenceEqual(indices.Distinct().Order())) return $"topic {topic} is out of order: {string.Join(' ', indices)}";
        var all = found.Values.SelectMany(indices => indices).ToHashSet();
        for (var i = 0; i < life.Given.Count; i++)
        {
            var isSent = life.Sent.TryGetValue(life.Given[i].Text, out var at) && at <= step;
            if (i < acknowledged && !isSent && !all.Contains(i)) return $"record {i} of {acknowledged} acknowledged is lost";
        }

        return null;
    }

    /// <summary>What is found is as good as new: more is stored and sent, and found again with the rest, under numbers of its own.</summary>
    [Fact]
    public async Task Life_goes_on_after_any_power_loss()
    {
        var life = await LiveAsync(OutboxBug.None, seed: 2);
        var random = new Random(2);
        for (var done = 0; done <= life.Disk.Steps.Count; done += Long ? 1 : 5)
        {
            var disk = new RecordingDisk(PowerLoss.Shuffled(life.Disk.Steps, done, random));
            HashSet<long> before = [], after = [];
            await using (var store = new OutboxStore(disk, Life.Options, life.Time, NullLogger.Instance))
            {
                var wakeAt = long.MaxValue;
                var taken = store.Take(int.MaxValue, ref wakeAt);
                foreach (var (_, record, _) in taken) Assert.True(before.Add(record.Number));
                for (var i = 0; i < taken.Count; i++)
                {
                    // Half of them the broker takes.
                    if (i % 2 == 0) store.Sent(taken[i].Waiting);
                    else store.Returned(taken[i].Waiting);
                    if (i % 2 == 0) before.Remove(taken[i].Record.Number);
                }

                await store.Append(new() { Topic = "t/new", Payload = "new"u8.ToArray() }).WaitAsync(OutboxPlace.Hang, TestContext.Current.CancellationToken);
            }

            await using var again = new OutboxStore(new RecordingDisk(disk.Files), Life.Options, life.Time, NullLogger.Instance);
            var later = long.MaxValue;
            foreach (var (_, record, _) in again.Take(int.MaxValue, ref later)) Assert.True(after.Add(record.Number));
            Assert.True(before.IsProperSubsetOf(after) && after.Count == before.Count + 1, $"step {done}");
        }
    }

    private sealed class Life
    {
        public static OutboxOptions Options { get; } = new() { Path = "memory", Source = "d", MaxBytes = 64 << 10 };

        public Life() => Disk.Acknowledged = () =>
        {
            var count = 0;
            while (count < Given.Count && Given[count].Stored.IsCompletedSuccessfully) count++;
            return count;
        };

        public RecordingDisk Disk { get; } = new();

        public ManualTimeProvider Time { get; } = new();

        public List<(OutboxMessage Message, string Text, Task Stored)> Given { get; } = [];

        /// <summary>What the bus has, and at which step it came there.</summary>
        public Dictionary<string, int> Sent { get; } = [];
    }
}
