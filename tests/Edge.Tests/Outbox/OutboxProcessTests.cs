using System.Diagnostics;
using System.Text;
using Hybrid.Edge.Outbox;
using Hybrid.Edge.Tests.Mqtt;
using Hybrid.Tests.Models;

namespace Hybrid.Edge.Tests.Outbox;

/// <summary>Real processes and real file systems.</summary>
public sealed class OutboxProcessTests : IDisposable
{
    private static readonly int Kills = Environment.GetEnvironmentVariable("HYBRID_LONG_TESTS") == "1" ? 50 : 4;
    private readonly string _folder = Directory.CreateTempSubdirectory("hybrid-outbox").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Whatever_a_killed_process_said_is_stored_is_there_in_order()
    {
        var random = new Random(7);
        Dictionary<string, HashSet<string>> stored = [];
        for (var round = 0; round < Kills; round++)
        {
            using var child = await SecondProcess.ReadyAsync("outbox", _folder, $"{round}");
            for (var lines = random.Next(1, 600); lines > 0; lines--) Said((await child.ReadLineAsync())!);
            await child.KillAsync();
            while (await child.ReadLineAsync() is { } rest) Said(rest);
        }

        await using var outbox = DeviceOutbox.Open(new() { Path = _folder, Source = "child" });
        var (bus, filter) = (new MemoryBus(), new RepeatFilter(1 << 20));
        await using var client = bus.Connect();
        await client.StartAsync(TestContext.Current.CancellationToken);
        using var ends = new CancellationTokenSource();
        var sending = outbox.SendAsync(client, ends.Token);
        await OutboxPlace.Until(() => outbox.Counters.Waiting == 0);
        await ends.CancelAsync();
        await sending;
        Assert.Equal((0, 0), (outbox.Counters.Expired, outbox.Counters.DroppedForRoom));
        foreach (var topic in bus.TakenNow.Where(filter.IsNew).GroupBy(message => message.Topic))
        {
            (int Round, int Number)[] arrived = [.. topic.Select(message => Encoding.UTF8.GetString(message.Payload.Span).Split(' ')).Select(words => (int.Parse(words[0]), int.Parse(words[1])))];
            Assert.Equal(arrived.Distinct().Order(), arrived);
            stored[topic.Key].ExceptWith(arrived.Select(one => $"{one.Round} {one.Number}"));
        }

        Assert.All(stored.Values, Assert.Empty);

        void Said(string line)
        {
            // The last line may be cut by the kill.
            if (line.Split(' ') is not [var topic, var round, var number]) return;
            if (!stored.TryGetValue(topic, out var all)) stored[topic] = all = [];
            all.Add($"{round} {number}");
        }
    }

    [Fact]
    public async Task Two_processes_never_have_one_outbox()
    {
        using var child = await SecondProcess.ReadyAsync("outbox", _folder, "1");
        var error = Assert.Throws<HybridException>(() => DeviceOutbox.Open(new() { Path = _folder, Source = "d" }));
        Assert.Equal(HybridError.Storage, error.Error);
        Assert.Contains("is in use by another process", error.Message, StringComparison.Ordinal);
        await child.KillAsync();
        await using var outbox = DeviceOutbox.Open(new() { Path = _folder, Source = "d" });
    }

    [Fact]
    public async Task A_real_disk_that_is_full_is_told_and_used_again_when_there_is_room()
    {
        var disk = Directory.CreateDirectory(Path.Combine(_folder, "disk")).FullName;
        Assert.SkipUnless(OperatingSystem.IsLinux() && Run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk), "No file system may be mounted here.");
        try
        {
            await using var outbox = DeviceOutbox.Open(new() { Path = Path.Combine(disk, "outbox"), Source = "d" });
            var stored = 0;
            var error = await Assert.ThrowsAsync<HybridException>(async () =>
            {
                for (; stored < 100; stored++) await outbox.AppendAsync(new() { Topic = "t", Payload = new byte[50_000] }, TestContext.Current.CancellationToken);
            });
            Assert.Equal(HybridError.Storage, error.Error);
            Assert.Contains("The disk is full", error.Message, StringComparison.Ordinal);
            Assert.InRange(stored, 10, 20);

            // What was stored is still sent, and marked or deleted although there is hardly room.
            await using var client = new MemoryBus().Connect();
            await client.StartAsync(TestContext.Current.CancellationToken);
            using var ends = new CancellationTokenSource();
            var sending = outbox.SendAsync(client, ends.Token);
            await OutboxPlace.Until(() => outbox.Counters.Waiting == 0);
            Assert.Equal(stored, outbox.Counters.Sent);
            Assert.True(Run("mount", "-o", "remount,size=8m", disk));
            await outbox.AppendAsync(new() { Topic = "t", Payload = new byte[50_000] }, TestContext.Current.CancellationToken);
            await OutboxPlace.Until(() => outbox.Counters.Sent == stored + 1);
            await ends.CancelAsync();
            await sending;
        }
        finally
        {
            Run("umount", "-l", disk);
        }
    }

    private static bool Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardError = true })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
