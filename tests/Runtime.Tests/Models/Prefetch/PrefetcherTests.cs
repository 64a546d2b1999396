using Hybrid.Models.Prefetch;

namespace Hybrid.Tests.Models.Prefetch;

/// <summary>Everything in virtual time, on one thread.</summary>
public class PrefetcherTests
{
    private static readonly DateTimeOffset Monday = new(2026, 1, 5, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public Task A_device_used_each_weekday_at_nine_has_its_model_loaded_before_nine_and_not_at_three(int seed) => Simulated(async world =>
    {
        var random = new Random(seed);
        var model = world.Add("assistant");
        for (var day = 0; day < 14; day++)
        {
            var date = Monday.AddDays(day);
            if (date.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday) continue;
            world.PassTo(date.AddHours(9).AddMinutes(random.Next(0, 15)));
            for (var i = 0; i < 4; i++)
            {
                world.Ask(model, TimeSpan.FromSeconds(20));
                world.Pass(TimeSpan.FromMinutes(random.Next(1, 8)));
            }
        }

        for (var day = 14; day < 21; day++)
        {
            var date = Monday.AddDays(day);
            var isWorkday = date.DayOfWeek is not (DayOfWeek.Saturday or DayOfWeek.Sunday);
            world.PassTo(date);
            (model.Level, var done) = (PrefetchLevel.Fetched, model.Done.Count);
            world.PassTo(date.AddHours(3));
            Assert.Equal(PrefetchLevel.Fetched, model.Level);
            world.PassTo(date.AddHours(8).AddMinutes(45));
            Assert.NotEqual(PrefetchLevel.Loaded, model.Level);
            world.PassTo(date.AddHours(9).AddSeconds(-1));
            Assert.Equal(isWorkday ? PrefetchLevel.Loaded : PrefetchLevel.Fetched, model.Level);
            Assert.Equal(isWorkday ? 2 : 0, model.Done.Count - done);
            if (isWorkday) world.Ask(model, Minute);
        }

        await Task.CompletedTask;
    });

    [Fact]
    public Task A_model_that_always_follows_another_is_primed_while_the_first_runs_and_loaded_only_when_it_is_idle() => Simulated(async world =>
    {
        var (first, second) = (world.Add("summary"), world.Add("translate"));
        world.PassTo(Monday);
        for (var i = 0; i < 4; i++)
        {
            world.Ask(first, Minute);
            world.Ask(second, Minute);
            world.Pass(TimeSpan.FromHours(29)); // never at the same hour
            second.Level = PrefetchLevel.Fetched;
        }

        second.Done.Clear();
        using (world.Prefetcher.Use("summary"))
        {
            world.Pass(TimeSpan.FromSeconds(1));
            Assert.Equal(["primed by 1"], second.Done.Select(done => done.What)); // beside a request one thread reads
            world.Pass(Minute * 5);
            Assert.Equal(PrefetchLevel.Primed, second.Level);
        }

        // One that follows nothing is left alone.
        Assert.Equal(PrefetchLevel.Fetched, world.Add("other").Level);
        await Task.CompletedTask;
    });

    [Fact]
    public Task What_was_learned_outlives_a_restart_and_a_damaged_file_is_learned_anew() => Simulated(async world =>
    {
        var folder = Directory.CreateTempSubdirectory("hybrid-prefetch").FullName;
        try
        {
            world.StatePath = Path.Combine(folder, "usage", "prefetch.json");
            var model = world.Add("assistant");
            for (var day = 0; day < 7; day++)
            {
                world.PassTo(Monday.AddDays(day).AddHours(9));
                world.Ask(model, Minute);
            }

            await world.RestartAsync();
            world.PassTo(Monday.AddDays(7).AddHours(8).AddMinutes(59));
            Assert.Equal(PrefetchLevel.Loaded, model.Level);

            await world.RestartAsync();
            await File.WriteAllTextAsync(world.StatePath, "{ \"version\": 1, \"fetchedToday\": -3 }");
            model.Level = PrefetchLevel.Fetched;
            world.PassTo(Monday.AddDays(8).AddHours(8).AddMinutes(59));
            Assert.Equal(PrefetchLevel.Fetched, model.Level);
            Assert.NotEmpty(world.Log.Of(1602));
        }
        finally
        {
            await world.RestartAsync();
            Directory.Delete(folder, recursive: true);
        }
    });

    [Fact]
    public Task A_second_process_over_the_same_state_fetches_nothing() => Simulated(async world =>
    {
        var folder = Directory.CreateTempSubdirectory("hybrid-prefetch").FullName;
        try
        {
            world.StatePath = Path.Combine(folder, "prefetch.json");
            await using var other = new PrefetchWorld { StatePath = world.StatePath, Options = Keep("m", PrefetchLevel.Primed) };
            world.Options = other.Options;
            var (mine, theirs) = (world.Add("m", level: PrefetchLevel.None), other.Add("m", level: PrefetchLevel.None));
            world.Pass(Hour);
            other.Pass(Hour);
            Assert.Equal((PrefetchLevel.Primed, PrefetchLevel.None), (mine.Level, theirs.Level));
            Assert.NotEmpty(other.Log.Of(1601));
        }
        finally
        {
            await world.RestartAsync();
            Directory.Delete(folder, recursive: true);
        }
    });

    [Fact]
    public Task A_configured_model_is_kept_near_in_its_hours_and_one_that_is_forbidden_never_is() => Simulated(async world =>
    {
        world.Options = new()
        {
            Models =
            [
                new() { Model = "day", From = TimeSpan.FromHours(8), Until = TimeSpan.FromHours(18), Days = [DayOfWeek.Monday, DayOfWeek.Tuesday] },
                new() { Model = "night", Level = PrefetchLevel.Primed, From = TimeSpan.FromHours(22), Until = TimeSpan.FromHours(6) },
                new() { Model = "never", Level = PrefetchLevel.None },
            ],
        };
        var (day, night, never) = (world.Add("day"), world.Add("night"), world.Add("never"));
        world.PassTo(Monday.AddHours(7).AddMinutes(58));
        Assert.Equal((PrefetchLevel.Fetched, PrefetchLevel.Primed), (day.Level, night.Level));
        world.PassTo(Monday.AddHours(8).AddMinutes(2));
        Assert.Equal(PrefetchLevel.Loaded, day.Level);
        for (var i = 0; i < 20; i++) world.Ask(never, Minute);
        Assert.Empty(never.Done);
        await Task.CompletedTask;
    });

    [Fact]
    public Task With_a_metered_line_nothing_is_fetched_and_what_is_being_fetched_stops() => Simulated(async world =>
    {
        world.Options = Keep("m", PrefetchLevel.Fetched);
        var model = world.Add("m", bytes: 6000, level: PrefetchLevel.None); // a minute long
        world.Problem = "the line is metered";
        world.Pass(Hour);
        Assert.Equal(0, model.CameBytes);
        world.Problem = null;
        world.Pass(Minute + TimeSpan.FromSeconds(20));
        Assert.InRange(model.CameBytes, 100, 5900);
        world.Problem = "the line is metered";
        world.Pass(TimeSpan.FromSeconds(1));
        var came = model.CameBytes;
        world.Pass(Hour);
        Assert.Equal(came, model.CameBytes);
        world.Problem = null;
        world.Pass(Minute * 3);
        Assert.Equal((PrefetchLevel.Fetched, 6000L), (model.Level, model.CameBytes)); // gone on from where it was
        await Task.CompletedTask;
    });

    [Fact]
    public Task A_request_stops_what_is_fetched_and_it_goes_on_a_while_after_it() => Simulated(async world =>
    {
        world.Options = Keep("m", PrefetchLevel.Fetched);
        var (model, other) = (world.Add("m", bytes: 6000, level: PrefetchLevel.None), world.Add("other"));
        world.Pass(Minute + TimeSpan.FromSeconds(10));
        using (world.Prefetcher.Use(other.Name))
        {
            var came = model.CameBytes;
            Assert.True(came > 0);
            world.Pass(Hour);
            Assert.Equal(came, model.CameBytes);
        }

        var before = model.CameBytes;
        world.Pass(Prefetcher.Quiet - TimeSpan.FromTicks(1));
        Assert.Equal(before, model.CameBytes);
        world.Pass(Minute * 3);
        Assert.Equal(PrefetchLevel.Fetched, model.Level);
        await Task.CompletedTask;
    });

    [Fact]
    public Task A_pull_by_somebody_else_goes_first() => Simulated(async world =>
    {
        world.Options = Keep("m", PrefetchLevel.Fetched);
        var model = world.Add("m", bytes: 6000, level: PrefetchLevel.None);
        world.OtherPulls = 1;
        world.Pass(Hour);
        Assert.Equal(0, model.CameBytes);
        world.OtherPulls = 0;
        world.Pass(Minute + TimeSpan.FromSeconds(20));
        Assert.InRange(model.CameBytes, 100, 5900);
        world.OtherPulls = 1; // begins while this one runs
        world.Pass(TimeSpan.FromSeconds(1));
        var came = model.CameBytes;
        world.Pass(Hour);
        Assert.Equal(came, model.CameBytes);
        world.OtherPulls = 0;
        world.Pass(Minute * 3);
        Assert.Equal(PrefetchLevel.Fetched, model.Level);
        await Task.CompletedTask;
    });

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public Task Budgets_are_never_passed(int seed) => Simulated(async world =>
    {
        var random = new Random(seed);
        const long PerDay = 5000;
        const long Disk = 9000;
        for (var i = 0; i < 8; i++) world.Add($"m{i}", random.Next(500, 7000), PrefetchLevel.None);
        world.Options = new() { BytesPerDay = PerDay, Disk = Disk, BytesPerSecond = 50, Models = [.. world.Models.Select(model => new PrefetchRule { Model = model.Name, Level = PrefetchLevel.Fetched })] };
        for (var day = 0; day < 10; day++)
        {
            world.PassTo(Monday.AddDays(day));
            var came = world.Models.Sum(model => model.CameBytes);
            for (var hour = 0; hour < 24; hour++)
            {
                if (random.Next(4) == 0) world.Problem = world.Problem is null ? "metered" : null;
                if (random.Next(6) == 0 && world.Models.Find(model => model.Level == PrefetchLevel.Fetched) is { } used)
                    world.Ask(used, TimeSpan.FromSeconds(random.Next(100)));
                world.PassTo(Monday.AddDays(day).AddHours(hour).AddMinutes(59).AddSeconds(59));
            }

            Assert.InRange(world.Models.Sum(model => model.CameBytes) - came, 0, PerDay);
        }

        Assert.DoesNotContain(world.Models, model => model.FileBytes > PerDay); // larger than the budget of any day
        Assert.Contains(world.Models, model => model.CameBytes == model.FileBytes && model.FileBytes > 0);
    });

    [Fact]
    public Task What_fills_the_disk_budget_makes_room_when_it_is_used() => Simulated(async world =>
    {
        world.Options = Keep("a", PrefetchLevel.Fetched) with { Disk = 1500, Models = [new() { Model = "a", Level = PrefetchLevel.Fetched }, new() { Model = "b", Level = PrefetchLevel.Fetched }] };
        var (a, b) = (world.Add("a", level: PrefetchLevel.None), world.Add("b", level: PrefetchLevel.None));
        world.Pass(Hour);
        Assert.Equal((PrefetchLevel.Fetched, PrefetchLevel.None), (a.Level, b.Level));
        world.Ask(a, Minute);
        world.Pass(Hour);
        Assert.Equal(PrefetchLevel.Fetched, b.Level);
        await Task.CompletedTask;
    });

    [Fact]
    public Task Two_models_that_do_not_fit_together_do_not_drive_each_other_out() => Simulated(async world =>
    {
        world.MemoryBudget = 1500;
        world.Options = new() { Models = [new() { Model = "a" }, new() { Model = "b" }] };
        var (a, b) = (world.Add("a"), world.Add("b"));
        world.Pass(Hour * 3);
        Assert.Equal((PrefetchLevel.Loaded, PrefetchLevel.Primed), (a.Level, b.Level));
        Assert.Single(a.Done, done => done.What == "loaded");
        await Task.CompletedTask;
    });

    [Fact]
    public Task Short_of_memory_nothing_is_read_or_loaded_and_what_had_to_leave_rests() => Simulated(async world =>
    {
        world.Options = Keep("a", PrefetchLevel.Loaded);
        var a = world.Add("a");
        world.IsHigh = true;
        world.Pass(Hour);
        Assert.Equal(PrefetchLevel.Fetched, a.Level);
        world.IsHigh = false;
        world.Pass(Minute * 2);
        Assert.Equal(PrefetchLevel.Loaded, a.Level);
        a.Level = PrefetchLevel.Primed; // driven out
        world.Pass(Minute * 10);
        Assert.Equal(PrefetchLevel.Primed, a.Level);
        world.Pass(Minute * 10);
        Assert.Equal(PrefetchLevel.Loaded, a.Level);

        (world.AvailableBytes, a.Level) = (1500, PrefetchLevel.Fetched); // its file is more than half of that
        world.Pass(Hour);
        Assert.Equal(PrefetchLevel.Fetched, a.Level);
        await Task.CompletedTask;
    });

    [Fact]
    public Task A_fetch_that_fails_is_tried_again_ever_more_seldom() => Simulated(async world =>
    {
        world.Options = Keep("m", PrefetchLevel.Fetched);
        var model = world.Add("m", level: PrefetchLevel.None);
        model.Fails = new(HybridError.TargetUnavailable, "The server does not answer.");
        world.Pass(TimeSpan.FromHours(12));
        Assert.InRange(world.Log.Of(1613).Count(), 7, 12); // 1, 2, 4 ... minutes apart
        model.Fails = null;
        world.Pass(TimeSpan.FromHours(7));
        Assert.Equal(PrefetchLevel.Fetched, model.Level);
        await Task.CompletedTask;
    });

    private static PrefetchOptions Keep(string model, PrefetchLevel level) => new() { Models = [new() { Model = model, Level = level }] };

    /// <summary>On a thread of the pool, where nothing is posted elsewhere: what waits goes on inside the step of time that it waits for.</summary>
    private static Task Simulated(Func<PrefetchWorld, Task> run) => Task.Run(async () =>
    {
        await using var world = new PrefetchWorld();
        await run(world);
    });
}
