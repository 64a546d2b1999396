using Hybrid.Edge.Fleet;
using Hybrid.Edge.Tests.Outbox;
using Hybrid.Storage;
using Hybrid.Tests.Models.Store;

namespace Hybrid.Edge.Tests.Fleet;

/// <summary>A state under which the device is not well, and a power loss in the middle of taking one.</summary>
public sealed class RollbackTests
{
    private const string Good = """{ "Policy": "green" }""";
    private const string Bad = """{ "Policy": "fast" }""";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_state_under_which_the_device_is_not_well_is_taken_back_and_refused_from_then_on(bool throws)
    {
        FleetPlace? place = null;
        List<string?> seen = [];
        var parts = new FleetDeviceParts
        {
            Health = _ =>
            {
                seen.Add(place!.Settings["Hybrid:Policy"]);
                if (place.Settings["Hybrid:Policy"] != "fast") return Task.FromResult<string?>(null);
                return throws ? throw new InvalidOperationException("it burns.") : Task.FromResult<string?>("it burns");
            },
        };
        place = await FleetPlace.StartAsync(parts: parts);
        await using var _ = place;
        await place.PublishAsync(FleetPlace.Fleet(1, Good));
        await place.PublishAsync(FleetPlace.Fleet(2, Bad));
        Assert.Equal(["green", "fast"], seen);
        var reported = place.Device.Reported.FleetDesired;
        Assert.Equal((1, 2, 2, FleetRefusals.RolledBack, "it burns; the state before is back"), (reported.Applied, reported.Seen, reported.Refused?.Version, reported.Refused?.Code, reported.Refused?.Reason));
        Assert.Equal("green", place.Settings["Hybrid:Policy"]);
        await place.PublishAsync(FleetPlace.Fleet(2, Bad)); // kept by the broker, it comes again
        Assert.Equal(["green", "fast"], seen);

        await place.Device.StopAsync(TestContext.Current.CancellationToken);
        await using var again = new FleetPlace(place.Folder, key: place.Key);
        Assert.Equal(("green", 2, FleetRefusals.RolledBack), (again.Settings["Hybrid:Policy"], again.Device.Reported.FleetDesired.Refused?.Version, again.Device.Reported.FleetDesired.Refused?.Code));
    }

    [Fact]
    public async Task A_device_that_is_not_well_in_time_goes_back()
    {
        var asked = new TaskCompletionSource();
        var parts = new FleetDeviceParts
        {
            Health = async cancellationToken =>
            {
                asked.TrySetResult();
                await Task.Delay(Timeout.Infinite, cancellationToken);
                return null;
            },
        };
        await using var place = await FleetPlace.StartAsync(parts: parts);
        var publishing = place.PublishAsync(FleetPlace.Fleet(1, Bad));
        await asked.Task.WaitAsync(OutboxPlace.Hang, TestContext.Current.CancellationToken);
        Assert.Equal("fast", place.Settings["Hybrid:Policy"]);
        await OutboxPlace.Until(() => place.Time.HasTimerAt(place.Options.HealthTimeout));
        place.Time.Advance(place.Options.HealthTimeout);
        await publishing;
        Assert.Equal((null, "the device was not well after 30 s; the state before is back"), (place.Settings["Hybrid:Policy"], place.Device.Reported.FleetDesired.Refused?.Reason));
    }

    [Fact]
    public async Task A_state_that_the_device_went_down_with_is_tried_once_more_and_then_taken_back()
    {
        var key = FleetPlace.KeyPair.Create();
        var folder = Directory.CreateTempSubdirectory("hybrid-fleet").FullName;
        try
        {
            await using (var place = await FleetPlace.StartAsync(folder, key: key)) await place.PublishAsync(FleetPlace.Fleet(1, Good));
            await using (var place = new FleetPlace(folder, key: key))
            {
                // As a power loss leaves it between taking a state and proving it.
                var memory = place.Configuration.Memory;
                place.Configuration.Remember(memory with { Fleet = new(2, "d"), Trial = memory.Good.With(false, place.Sign(FleetPlace.Fleet(2, Bad))), Starts = 1 });
            }

            Assert.Equal("fast", new FleetPlace(folder, key: key).Settings["Hybrid:Policy"]); // and down again
            await using var last = new FleetPlace(folder, key: key);
            Assert.Equal(("green", 1, FleetRefusals.RolledBack), (last.Settings["Hybrid:Policy"], last.Device.Reported.FleetDesired.Applied, last.Device.Reported.FleetDesired.Refused?.Code));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData(null, "fast", 2)]
    [InlineData("no", "green", 1)]
    public async Task A_start_proves_what_was_being_tried(string? problem, string policy, long applied)
    {
        await using var place = await FleetPlace.StartAsync();
        await place.PublishAsync(FleetPlace.Fleet(1, Good));
        await place.Device.StopAsync(TestContext.Current.CancellationToken);
        var memory = place.Configuration.Memory;
        place.Configuration.Remember(memory with { Fleet = new(2, "d"), Trial = memory.Good.With(false, place.Sign(FleetPlace.Fleet(2, Bad))), Starts = 1 });
        await using var again = await FleetPlace.StartAsync(place.Folder, new() { Health = _ => Task.FromResult(problem) }, key: place.Key);
        Assert.Equal((policy, applied), (again.Settings["Hybrid:Policy"], again.Device.Reported.FleetDesired.Applied));
        Assert.Null(again.Configuration.Memory.Trial);
        Assert.Equal(problem is null ? null : "no; the state before is back", again.Device.Reported.FleetDesired.Refused?.Reason);
    }

    [Fact]
    public async Task Whatever_step_is_the_last_the_old_state_is_there_or_the_new_never_a_mix()
    {
        var key = FleetPlace.KeyPair.Create();
        var stops = 0;
        foreach (var last in Enum.GetValues<StoppingDisk.Last>())
        {
            for (var step = 0; ; step++)
            {
                var folder = Directory.CreateTempSubdirectory("hybrid-fleet").FullName;
                try
                {
                    await using (var place = await FleetPlace.StartAsync(folder, key: key))
                        await place.PublishAsync(FleetPlace.Fleet(1, """{ "Policy": "green", "Privacy": "secret" }"""));
                    var disk = new StoppingDisk(step, last);
                    await OfferAsync(folder, key, disk);

                    await using var next = new FleetPlace(folder, key: key);
                    var state = (next.Settings["Hybrid:Policy"], next.Settings["Hybrid:Privacy"]);
                    Assert.True(state == ("green", "secret") || state == ("fast", "public"), $"{state}");
                    Assert.Equal(state.Item1 == "fast" ? 2 : 1, next.Device.Reported.FleetDesired.Applied);
                    Assert.InRange(next.Device.Reported.FleetDesired.Seen!.Value, next.Device.Reported.FleetDesired.Applied!.Value, 2);
                    if (disk.WentOn) break;
                    stops++;
                }
                finally
                {
                    Directory.Delete(folder, recursive: true);
                }
            }
        }

        Assert.InRange(stops, 20, 60);
    }

    [Fact]
    public async Task A_disk_that_is_full_is_said_and_the_same_document_is_taken_when_there_is_room()
    {
        var disk = new FullDisk();
        await using var place = new FleetPlace(disk: disk);
        await place.Operator.StartAsync(TestContext.Current.CancellationToken);
        await place.Device.StartAsync(TestContext.Current.CancellationToken);
        await OutboxPlace.Until(() => place.Client.Connection.IsConnected);
        disk.IsFull = true;
        await place.PublishAsync(FleetPlace.Fleet(1, Good));
        var refused = place.Device.Reported.FleetDesired;
        Assert.Equal((null, FleetRefusals.Storage), (refused.Seen, refused.Refused?.Code));
        Assert.Contains("The disk is full", refused.Refused?.Reason, StringComparison.Ordinal);
        disk.IsFull = false;
        await place.PublishAsync(FleetPlace.Fleet(1, Good));
        Assert.Equal(new(1, 1, null), place.Device.Reported.FleetDesired);
    }

    [Fact]
    public async Task A_memory_that_is_damaged_is_set_aside()
    {
        await using var place = await FleetPlace.StartAsync();
        await place.PublishAsync(FleetPlace.Fleet(1, Good));
        await place.Device.StopAsync(TestContext.Current.CancellationToken);
        var file = Path.Combine(place.Folder, "fleet", "desired.json");
        await File.WriteAllTextAsync(file, "{ nonsense", TestContext.Current.CancellationToken);
        await using var again = await FleetPlace.StartAsync(place.Folder, key: place.Key);
        Assert.True(File.Exists(file + ".damaged"));
        await again.PublishAsync(FleetPlace.Fleet(1, Good));
        Assert.Equal("green", again.Settings["Hybrid:Policy"]);
    }

    /// <summary>Takes another state until the disk stops; then the process is as good as gone.</summary>
    private static async Task OfferAsync(string folder, FleetPlace.KeyPair key, IDisk disk)
    {
        var place = new FleetPlace(folder, key: key, disk: disk);
        try
        {
            using var applier = new DesiredApplier(place.Configuration, new(), place.Time, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
            await applier.OfferAsync(false, place.Sign(FleetPlace.Fleet(2, """{ "Policy": "fast", "Privacy": "public" }""")), TestContext.Current.CancellationToken);
        }
        catch (StoppedException)
        {
            // Here the power went.
        }
    }

    private sealed class FullDisk : IDisk
    {
        public bool IsFull { get; set; }

        public void CreateFolder(string path) => Disk.Real.CreateFolder(path);

        public void Write(string path, ReadOnlySpan<byte> bytes)
        {
            if (IsFull) throw new IOException("No space left on device", 28);
            Disk.Real.Write(path, bytes);
        }

        public void Flush(string path) => Disk.Real.Flush(path);

        public void FlushFolder(string path) => Disk.Real.FlushFolder(path);

        public void Move(string from, string to) => Disk.Real.Move(from, to);

        public bool Link(string file, string link) => Disk.Real.Link(file, link);

        public bool Point(string file, string link) => Disk.Real.Point(file, link);

        public void Seal(string path) => Disk.Real.Seal(path);

        public void Touch(string path, DateTimeOffset time) => Disk.Real.Touch(path, time);

        public void Delete(string path) => Disk.Real.Delete(path);

        public void DeleteFolder(string path) => Disk.Real.DeleteFolder(path);
    }
}
