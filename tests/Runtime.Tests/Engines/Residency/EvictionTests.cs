using Hybrid.Targets;

namespace Hybrid.Tests.Engines.Residency;

public class EvictionTests
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task The_least_recently_used_idle_model_makes_way()
    {
        await using var shelf = new Shelf(300);
        var (a, b, c, d) = (shelf.Add("a", 100), shelf.Add("b", 100), shelf.Add("c", 100), shelf.Add("d", 100));
        foreach (var target in new[] { a, b, c, a, d, a, b })
            Assert.EndsWith("12", await Shelf.ReadAsync(target), StringComparison.Ordinal);
        Assert.Equal(["+a", "+b", "+c", "-b", "+d", "-c", "+b"], shelf.Events);
        Assert.Equal(300, shelf.Models.ReservedBytes);
    }

    [Fact]
    public async Task As_many_make_way_as_are_needed_and_no_more()
    {
        await using var shelf = new Shelf(300);
        var (a, b, c, d) = (shelf.Add("a", 100), shelf.Add("b", 100), shelf.Add("c", 100), shelf.Add("d", 150));
        foreach (var target in new[] { a, b, c, d })
            await Shelf.ReadAsync(target);
        Assert.Equal(["+a", "+b", "+c", "+d", "-a", "-b"], shelf.Events.OrderBy(one => one[0] == '-').ThenBy(one => one, StringComparer.Ordinal));
        Assert.Equal("+d", shelf.Events[^1]);
        Assert.Equal(250, shelf.Models.ReservedBytes);
    }

    [Fact]
    public async Task Counting_tokens_is_no_use()
    {
        await using var shelf = new Shelf(200);
        var (a, b, c) = (shelf.Add("a", 100), shelf.Add("b", 100), shelf.Add("c", 100));
        await Shelf.ReadAsync(a);
        await Shelf.ReadAsync(b);
        ((ITokenCounter)a).CountTokens([]);
        await Shelf.ReadAsync(c);
        Assert.Equal(["+a", "+b", "-a", "+c"], shelf.Events);
    }

    [Fact]
    public async Task A_pinned_model_stays()
    {
        await using var shelf = new Shelf(200);
        var (a, b, c) = (shelf.Add("a", 100, TimeSpan.Zero, pinned: true), shelf.Add("b", 100), shelf.Add("c", 100));
        await Shelf.ReadAsync(a);
        await Shelf.ReadAsync(b);
        await Shelf.ReadAsync(c);
        Assert.Equal(["+a", "+b", "-b", "+c"], shelf.Events);
    }

    [Fact]
    public async Task What_no_wait_can_make_room_for_is_refused_with_both_figures()
    {
        await using var shelf = new Shelf(3 << 20);
        var large = shelf.Add("large", 4 << 20);
        var error = await Assert.ThrowsAsync<HybridException>(() => Shelf.ReadAsync(large));
        Assert.Equal(HybridError.Configuration, error.Error);
        Assert.Contains("4 MiB", error.Message, StringComparison.Ordinal);
        Assert.Contains("3 MiB", error.Message, StringComparison.Ordinal);
        Assert.Equal(TargetReadiness.Unavailable, large.State.Readiness);

        await Shelf.ReadAsync(shelf.Add("pinned", 2 << 20, pinned: true));
        error = await Assert.ThrowsAsync<HybridException>(() => Shelf.ReadAsync(shelf.Add("beside", 2 << 20)));
        Assert.Contains("pinned models hold 2 MiB", error.Message, StringComparison.Ordinal);
        Assert.Equal(["+pinned"], shelf.Events);
    }

    [Fact]
    public async Task Memory_counts_as_taken_until_the_unload_is_over()
    {
        await using var shelf = new Shelf(100);
        var unloading = new TaskCompletionSource();
        var (a, b) = (shelf.Add("a", 100, unloading: unloading.Task), shelf.Add("b", 100));
        await Shelf.ReadAsync(a);
        var waiting = Shelf.ReadAsync(b);
        await Shelf.UntilAsync(() => shelf.Events.Contains("-a"));
        Assert.Equal(("waits for memory", 100), (b.State.Reason, shelf.Models.ReservedBytes));
        Assert.DoesNotContain("+b", shelf.Events);
        unloading.SetResult();
        Assert.Equal("b12", await waiting.WaitAsync(Hang));
    }

    [Fact]
    public async Task A_load_in_progress_counts()
    {
        await using var shelf = new Shelf(100);
        var loading = new TaskCompletionSource();
        var (a, b) = (shelf.Add("a", 60, loading: loading.Task), shelf.Add("b", 60));
        var first = Shelf.ReadAsync(a);
        var second = Shelf.ReadAsync(b);
        Assert.Equal(("loading", "waits for memory"), (a.State.Reason, b.State.Reason));
        loading.SetResult();
        Assert.Equal("a12", await first.WaitAsync(Hang));
        Assert.Equal("b12", await second.WaitAsync(Hang));
        Assert.Equal(["+a", "-a", "+b"], shelf.Events);
    }

    [Fact]
    public async Task A_failed_load_gives_its_bytes_back_and_lets_the_next_one_in()
    {
        await using var shelf = new Shelf(100);
        var loading = new TaskCompletionSource<HybridException?>();
        var (torn, b) = (shelf.Add("torn", 100, failing: () => loading.Task), shelf.Add("b", 100));
        var first = Shelf.ReadAsync(torn);
        var second = Shelf.ReadAsync(b);
        loading.SetResult(new(HybridError.ModelFile, "torn off"));
        Assert.Equal("torn off", (await Assert.ThrowsAsync<HybridException>(() => first.WaitAsync(Hang))).Message);
        Assert.Equal("b12", await second.WaitAsync(Hang));
        Assert.Equal((new(TargetReadiness.Unavailable, "torn off"), 100), (torn.State, shelf.Models.ReservedBytes));
        Assert.Equal(["+torn", "+b"], shelf.Events);
    }

    [Fact]
    public async Task An_estimate_that_fails_is_a_failed_load()
    {
        await using var shelf = new Shelf(100);
        await using var target = shelf.Models.Add(new()
        {
            Descriptor = new() { Name = "a", Model = "a", Zone = Zone.Device },
            EstimateAsync = _ => throw new HybridException(HybridError.ModelFile, "no file"),
            LoadAsync = _ => throw new InvalidOperationException("loaded without an estimate"),
        });
        var error = await Assert.ThrowsAsync<HybridException>(() => Shelf.ReadAsync(target));
        Assert.Equal((HybridError.ModelFile, "no file"), (error.Error, error.Message));
        Assert.Equal(new(TargetReadiness.Unavailable, "no file"), target.State);
    }

    [Fact]
    public async Task Without_a_budget_all_stay_and_nobody_is_measured()
    {
        await using var shelf = new Shelf(null);
        foreach (var name in new[] { "a", "b", "c" })
            await Shelf.ReadAsync(shelf.Add(name, long.MaxValue));
        Assert.Equal(["+a", "+b", "+c"], shelf.Events);
        Assert.Equal(0, shelf.Models.ReservedBytes);
    }

    [Fact]
    public async Task Many_requests_at_once_all_get_their_answer_and_never_more_memory_than_there_is()
    {
        await using var shelf = new Shelf(300);
        ITarget[] targets = [.. Enumerable.Range(0, 6).Select(i => shelf.Add($"{i}", Size(i), i % 2 == 0 ? TimeSpan.Zero : null))];
        await Task.WhenAll(Enumerable.Range(0, 5).Select(client => Task.Run(() => AskAsync(new(client))))).WaitAsync(Hang);
        var taken = 0;
        foreach (var one in shelf.Events)
        {
            taken += (one[0] == '+' ? 1 : -1) * Size(one[1] - '0');
            Assert.InRange(taken, 0, 300);
        }

        Assert.Contains(shelf.Events, one => one is "-1" or "-3" or "-5"); // those go only where room is short
        return;

        static int Size(int i) => 50 + (25 * i);

        async Task AskAsync(Random random)
        {
            for (var round = 0; round < 100; round++)
            {
                var i = random.Next(targets.Length);
                Assert.Equal($"{i}12", await Shelf.ReadAsync(targets[i]));
            }
        }
    }
}
