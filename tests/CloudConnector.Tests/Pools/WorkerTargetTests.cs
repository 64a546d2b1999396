using System.Net;
using System.Net.Sockets;
using Hybrid.CloudConnector.Pools;
using Hybrid.Targets;
using Hybrid.Tests;

namespace Hybrid.CloudConnector.Tests.Pools;

public class WorkerTargetTests(RunningWorker worker)
{
    [Fact]
    public async Task An_answer_streams_with_its_completion_last()
    {
        await using var target = RunningWorker.Target(worker.Process.Grpc);
        var updates = await ReadAllAsync(target);
        Assert.True(updates.Count > 3);
        Assert.All(updates[..^1], update => Assert.Null(update.Completion));
        Assert.Equal(DecodeFinish.Stop, updates[^1].Completion!.Finish);
        Assert.Equal(updates.Sum(update => update.TokenCount), updates[^1].Completion!.OutputTokens);
        Assert.Equal(TargetReadiness.Warm, target.State.Readiness);
    }

    [Fact]
    public async Task A_continuation_goes_on_from_its_last_character()
    {
        await using var target = RunningWorker.Target(worker.Process.Grpc);
        var whole = Text(await ReadAllAsync(target));
        var half = whole[..whole.LastIndexOf(' ')]; // Where this vocabulary has a token's edge, so that both tokenise alike.
        Assert.Equal(whole[half.Length..], Text(await ReadAllAsync(target, RunningWorker.Ask() with { Continuation = half })));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_connection_cut_after_any_byte_is_an_error_and_what_came_is_a_beginning(bool reset)
    {
        await using var proxy = new CuttingProxy(worker.Process.Grpc) { Reset = reset };
        string whole;
        await using (var target = RunningWorker.Target(proxy.Endpoint))
            whole = Text(await ReadAllAsync(target));
        var all = proxy.Passed;
        Assert.InRange(all, 200, 5000);
        for (var limit = 0; limit < all; limit += 3)
        {
            proxy.Limit = limit;
            await using var target = RunningWorker.Target(proxy.Endpoint);
            var (text, completed, error) = await TryReadAsync(target);
            Assert.StartsWith(text, whole, StringComparison.Ordinal);
            if (completed)
                Assert.Equal(whole, text); // Only bytes after the trailers were cut.
            else
                Assert.Equal(HybridError.TargetUnavailable, error);
        }
    }

    [Fact]
    public async Task A_pool_that_nobody_serves_fails_and_is_tried_again_after_a_while()
    {
        var time = new ManualTimeProvider();
        await using var target = RunningWorker.Target(new Uri($"http://127.0.0.1:{FreePort()}"), time);
        Assert.Equal(HybridError.TargetUnavailable, (await TryReadAsync(target)).Error);
        Assert.Equal(TargetReadiness.Unavailable, target.State.Readiness);
        time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(TargetReadiness.Unknown, target.State.Readiness);
    }

    [Fact]
    public async Task A_server_that_accepts_and_stays_silent_is_given_up()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var time = new ManualTimeProvider();
        await using var target = RunningWorker.Target(new Uri($"http://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}"), time);
        var reading = TryReadAsync(target);
        using var connection = await silent.AcceptTcpClientAsync();
        Assert.False(reading.IsCompleted);
        time.Advance(TimeSpan.FromMinutes(3));
        Assert.Equal(HybridError.TargetUnavailable, (await reading).Error);
    }

    [Fact]
    public async Task A_deadline_ends_the_wait()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var time = new ManualTimeProvider();
        await using var target = RunningWorker.Target(new Uri($"http://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}"), time);
        var reading = TryReadAsync(target, RunningWorker.Ask() with { Deadline = time.GetUtcNow() + TimeSpan.FromSeconds(2) });
        using var connection = await silent.AcceptTcpClientAsync();
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(HybridError.DeadlineExceeded, (await reading).Error);
    }

    [Fact]
    public async Task The_wrong_port_is_an_error_and_not_an_answer()
    {
        await using var target = RunningWorker.Target(worker.Process.Http);
        Assert.Equal(HybridError.TargetUnavailable, (await TryReadAsync(target)).Error);
    }

    [Fact]
    public async Task The_pools_own_refusals_keep_their_kind()
    {
        await using var target = RunningWorker.Target(worker.Process.Grpc);
        Assert.Equal(HybridError.ContextExceeded, (await TryReadAsync(target, RunningWorker.Ask(string.Join(' ', Enumerable.Repeat("pump-3", 2000))))).Error);
        Assert.Equal(HybridError.InvalidRequest, (await TryReadAsync(target, RunningWorker.Ask() with { Prompt = new TokensPrompt(new[] { -1 }) })).Error);
    }

    [Fact]
    public async Task Cancelling_throws_and_frees_the_pool()
    {
        await using var target = RunningWorker.Target(worker.Process.Grpc);
        using var cancel = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var update in target.GenerateAsync(RunningWorker.Ask(), cancel.Token))
                await cancel.CancelAsync();
        });
        using var hang = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while ((await target.RefreshAsync(hang.Token)).BusySlots > 0)
            await Task.Yield();
        Assert.Equal(TargetReadiness.Warm, target.State.Readiness);
    }

    [Fact]
    public async Task A_key_is_asked_for_and_sent()
    {
        await using var guarded = await RunningWorker.StartAsync("--api-key", "s3cret");
        await using var without = RunningWorker.Target(guarded.Grpc);
        Assert.Equal(HybridError.Unauthorized, (await TryReadAsync(without)).Error);
        await using var with = RunningWorker.Target(guarded.Grpc, key: "s3cret");
        await with.WarmAsync();
        Assert.True((await TryReadAsync(with)).Completed);
    }

    [Fact]
    public async Task A_pool_scaled_to_zero_says_so_and_is_woken_by_a_request()
    {
        await using var cold = await RunningWorker.StartAsync("--cold-start", "50ms");
        await using var target = RunningWorker.Target(cold.Grpc);
        Assert.Equal(TargetReadiness.Cold, (await target.RefreshAsync()).Readiness);
        Assert.True((await TryReadAsync(target)).Completed);
        Assert.Equal(TargetReadiness.Warm, (await target.RefreshAsync()).Readiness);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string Text(IEnumerable<DecodeUpdate> updates) => string.Concat(updates.Select(update => update.Text));

    private static async Task<List<DecodeUpdate>> ReadAllAsync(WorkerTarget target, DecodeRequest? request = null)
    {
        using var hang = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var updates = new List<DecodeUpdate>();
        await foreach (var update in target.GenerateAsync(request ?? RunningWorker.Ask(), hang.Token))
            updates.Add(update);
        return updates;
    }

    private static async Task<(string Text, bool Completed, HybridError? Error)> TryReadAsync(WorkerTarget target, DecodeRequest? request = null)
    {
        using var hang = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var text = "";
        var completed = false;
        try
        {
            await foreach (var update in target.GenerateAsync(request ?? RunningWorker.Ask(), hang.Token))
            {
                text += update.Text;
                completed |= update.Completion is not null;
            }

            return (text, completed, null);
        }
        catch (HybridException error)
        {
            return (text, false, error.Error);
        }
    }
}
