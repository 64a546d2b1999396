using System.Net;
using System.Text.Json;
using Hybrid.Protocol;
using Hybrid.Targets;
using Hybrid.Tests;

namespace Hybrid.CloudWorker.Tests.Hosting;

public class ModelHostTests
{
    private const string Chat = "/v1/chat/completions";
    private const string Ask = """{"messages":[{"role":"user","content":"hi"}]}""";

    [Fact]
    public async Task While_the_model_loads_requests_are_refused_and_health_says_why()
    {
        var loading = new TaskCompletionSource<ITarget>();
        await using var worker = await InProcessWorker.StartAsync(load: (_, _) => loading.Task, warm: false);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "loading"), await HealthAsync(worker));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await worker.AskAsync(Chat, Ask)).Status);
        Assert.Equal(GrpcStatus.Unavailable, (await worker.CallAsync("Generate", new GenerateRequest { Text = "x" })).Status);
        var warm = worker.CallAsync("Warm", new WarmRequest());
        Assert.False(warm.IsCompleted);
        loading.SetResult(worker.Target);
        Assert.Equal(GrpcStatus.Ok, (await warm).Status);
        Assert.Equal((HttpStatusCode.OK, "ok"), await HealthAsync(worker));
        Assert.Equal(HttpStatusCode.OK, (await worker.AskAsync(Chat, Ask)).Status);
    }

    [Fact]
    public async Task A_load_that_fails_is_told_and_tried_again_by_the_next_warm_up()
    {
        var torn = true;
        await using var worker = await InProcessWorker.StartAsync(
            load: (target, _) => torn ? throw new HybridException(HybridError.ModelFile, "the file is torn") : Task.FromResult<ITarget>(target), warm: false);
        var first = await worker.CallAsync("Warm", new WarmRequest());
        Assert.Equal((GrpcStatus.FailedPrecondition, "the file is torn"), (first.Status, first.Message));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "failed"), await HealthAsync(worker));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await worker.AskAsync(Chat, Ask)).Status);
        torn = false;
        Assert.Equal(GrpcStatus.Ok, (await worker.CallAsync("Warm", new WarmRequest())).Status);
        Assert.Equal((HttpStatusCode.OK, "ok"), await HealthAsync(worker));
    }

    [Fact]
    public async Task A_cold_worker_holds_the_request_that_wakes_it_and_scales_to_zero_again()
    {
        var time = new ManualTimeProvider();
        var loads = 0;
        var loaded = new SemaphoreSlim(0);
        await using var worker = await InProcessWorker.StartAsync(
            options => (options.ColdStart, options.ScaleToZeroAfter) = (TimeSpan.FromSeconds(8), TimeSpan.FromSeconds(60)), time,
            (target, _) =>
            {
                loads++;
                loaded.Release();
                return Task.FromResult<ITarget>(target);
            }, warm: false);
        for (var round = 1; round <= 2; round++)
        {
            Assert.Equal((HttpStatusCode.ServiceUnavailable, "cold"), await HealthAsync(worker));
            var answer = worker.AskAsync(Chat, Ask);
            await loaded.WaitAsync(worker.Limit);
            await PassAsync(8, (HttpStatusCode.ServiceUnavailable, "loading"));
            Assert.Equal(HttpStatusCode.OK, (await answer).Status);
            Assert.Equal(round, loads);
            await PassAsync(60, (HttpStatusCode.OK, "ok"));
            await UntilAsync(worker, () => worker.Target.Disposals == round);
        }

        // Other threads arm the timers; until the last moment, health stays as it is.
        async Task PassAsync(double seconds, (HttpStatusCode, string?) health)
        {
            await UntilAsync(worker, () => time.HasTimerAt(TimeSpan.FromSeconds(seconds)));
            time.Advance(TimeSpan.FromSeconds(seconds - 0.1));
            Assert.Equal(health, await HealthAsync(worker));
            time.Advance(TimeSpan.FromSeconds(0.1));
            while (await HealthAsync(worker) == health) continue;
        }
    }

    [Fact]
    public async Task A_stream_that_runs_keeps_the_model_loaded()
    {
        var time = new ManualTimeProvider();
        await using var worker = await InProcessWorker.StartAsync(
            options => (options.ColdStart, options.ScaleToZeroAfter) = (TimeSpan.Zero, TimeSpan.FromSeconds(60)), time);
        worker.Target.Answer = (_, token) => worker.Target.Stall(["a"], token);
        var response = await worker.PostAsync(Chat, Ask[..^1] + ""","stream":true}""", untilHeaders: true);
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(0, worker.Target.Disposals);
        Assert.Equal((HttpStatusCode.OK, "ok"), await HealthAsync(worker));
        response.Dispose();
    }

    private static async Task UntilAsync(InProcessWorker worker, Func<bool> isSo)
    {
        while (!isSo())
        {
            worker.Limit.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private static async Task<(HttpStatusCode Status, string? Word)> HealthAsync(InProcessWorker worker)
    {
        using var response = await worker.Http.GetAsync("/health", worker.Limit);
        using var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync(worker.Limit));
        return (response.StatusCode, body.RootElement.GetProperty("status").GetString());
    }
}
