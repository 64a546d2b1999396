using Hybrid.CloudConnector.Pools;
using Hybrid.CloudWorker.Tests;
using Hybrid.Targets;
using Hybrid.Tests;

namespace Hybrid.CloudConnector.Tests.Pools;

public class WorkerTargetTests
{
    /// <summary>Makes the target under test.</summary>
    protected virtual WorkerTarget Create(WorkerTargetOptions options, TimeProvider? time = null) => new(options, time);

    [Fact]
    public async Task An_answer_comes_as_the_far_target_gave_it()
    {
        await using var worker = await InProcessWorker.StartAsync();
        await using var target = Create(Asking.Options(worker.Server.Grpc));
        Assert.Equal(TargetReadiness.Unknown, target.State.Readiness);
        var answer = await Asking.AskAsync(target);
        Assert.Equal(("Hello wörld", ScriptedTarget.Completion), (answer.Text, answer.Completion));
        Assert.Equal(TargetReadiness.Warm, target.State.Readiness);
        Assert.Equal("r1", worker.Target.Asked.Single().Id);
        Assert.Equal(new TargetState(TargetReadiness.Warm, "", 2, 1, 4), await target.RefreshAsync(worker.Limit));
        Assert.Equal(target.State, await target.RefreshAsync(worker.Limit));
    }

    [Theory]
    [InlineData(HybridError.InvalidRequest)]
    [InlineData(HybridError.ContextExceeded)]
    [InlineData(HybridError.Busy)]
    [InlineData(HybridError.DeadlineExceeded)]
    [InlineData(HybridError.TargetUnavailable)]
    [InlineData(HybridError.Internal)]
    public async Task The_far_targets_error_keeps_its_kind_and_words_before_and_after_the_first_token(HybridError error)
    {
        await using var worker = await InProcessWorker.StartAsync();
        await using var target = Create(Asking.Options(worker.Server.Grpc));
        foreach (var said in (string[][])[[], ["a", "b"]])
        {
            worker.Target.Answer = (_, _) => ScriptedTarget.Fail(new HybridException(error, "thus and so, 100 % wörtlich"), said);
            var answer = await Asking.AskAsync(target);
            Assert.Equal((error, string.Concat(said)), (answer.Fault?.Error, answer.Text));
            Assert.Contains("thus and so, 100 % wörtlich", answer.Fault!.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_key_is_sent_and_a_wrong_one_is_unauthorized()
    {
        await using var worker = await InProcessWorker.StartAsync(options => options.ApiKeys.Add("right"));
        await using var right = Create(Asking.Options(worker.Server.Grpc) with { ApiKey = "right" });
        await using var wrong = Create(Asking.Options(worker.Server.Grpc) with { ApiKey = "wrong" });
        Assert.NotNull((await Asking.AskAsync(right)).Completion);
        var refused = (await Asking.AskAsync(wrong)).Fault!;
        Assert.Equal(HybridError.Unauthorized, refused.Error);
        Assert.DoesNotContain("wrong'", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelling_throws_and_stops_the_far_decoding()
    {
        await using var worker = await InProcessWorker.StartAsync();
        await using var target = Create(Asking.Options(worker.Server.Grpc));
        worker.Target.Answer = (_, token) => worker.Target.Stall(["a"], token);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(worker.Limit);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in target.GenerateAsync(Asking.Request, cancel.Token))
                await cancel.CancelAsync();
        });
        await worker.Target.Cancelled.Task.WaitAsync(worker.Limit);
    }

    [Fact]
    public async Task Leaving_the_stream_stops_the_far_decoding()
    {
        await using var worker = await InProcessWorker.StartAsync();
        await using var target = Create(Asking.Options(worker.Server.Grpc));
        worker.Target.Answer = (_, token) => worker.Target.Stall(["a"], token);
        await foreach (var _ in target.GenerateAsync(Asking.Request, worker.Limit))
            break;
        await worker.Target.Cancelled.Task.WaitAsync(worker.Limit);
    }

    [Fact]
    public async Task Disposing_ends_a_running_stream_with_an_error()
    {
        await using var worker = await InProcessWorker.StartAsync();
        var target = Create(Asking.Options(worker.Server.Grpc));
        worker.Target.Answer = (_, token) => worker.Target.Stall(["a"], token);
        var answer = await Asking.AskAsync(target, on: _ => target.DisposeAsync().AsTask().GetAwaiter().GetResult());
        Assert.Equal(("a", HybridError.TargetUnavailable), (answer.Text, answer.Fault?.Error));
        await worker.Target.Cancelled.Task.WaitAsync(worker.Limit);
    }

    [Fact]
    public async Task Silence_within_an_answer_ends_it_after_the_idle_timeout_and_not_before()
    {
        var time = new ManualTimeProvider();
        await using var worker = await InProcessWorker.StartAsync();
        await using var target = Create(Asking.Options(worker.Server.Grpc) with { IdleTimeout = TimeSpan.FromSeconds(30) }, time);
        worker.Target.Answer = (_, token) => worker.Target.Stall(["a"], token);
        await using var updates = target.GenerateAsync(Asking.Request, worker.Limit).GetAsyncEnumerator(worker.Limit);
        Assert.True(await updates.MoveNextAsync());
        time.Advance(TimeSpan.FromHours(1)); // The reader's own pause does not count.
        var next = updates.MoveNextAsync().AsTask();
        time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(next.IsCompleted);
        Assert.False(worker.Target.Cancelled.Task.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));
        var fault = await Assert.ThrowsAsync<HybridException>(() => next);
        Assert.Equal(HybridError.TargetUnavailable, fault.Error);
        Assert.Contains("30 s", fault.Message, StringComparison.Ordinal);
        await worker.Target.Cancelled.Task.WaitAsync(worker.Limit);
    }

    [Theory]
    [InlineData(true, HybridError.DeadlineExceeded)]
    [InlineData(false, HybridError.TargetUnavailable)]
    public async Task A_pool_that_never_answers_ends_at_the_deadline_or_the_first_update_timeout(bool deadline, HybridError error)
    {
        var time = new ManualTimeProvider();
        await using var worker = await InProcessWorker.StartAsync();
        await using var target = Create(Asking.Options(worker.Server.Grpc), time);
        var asked = new TaskCompletionSource();
        worker.Target.Answer = (_, token) =>
        {
            asked.TrySetResult();
            return worker.Target.Stall([], token);
        };
        var answer = Asking.AskAsync(target, Asking.Request with { Deadline = deadline ? time.GetUtcNow() + TimeSpan.FromMinutes(2) : null });
        await asked.Task.WaitAsync(worker.Limit);
        Assert.False(answer.IsCompleted);
        time.Advance(deadline ? TimeSpan.FromMinutes(2) : TimeSpan.FromMinutes(3));
        Assert.Equal(error, (await answer).Fault?.Error);
        await worker.Target.Cancelled.Task.WaitAsync(worker.Limit);
    }

    [Fact]
    public async Task The_deadline_travels_and_a_past_one_sends_nothing()
    {
        var time = new ManualTimeProvider();
        await using var worker = await InProcessWorker.StartAsync(time: time);
        await using var target = Create(Asking.Options(worker.Server.Grpc), time);
        await Asking.AskAsync(target, Asking.Request with { Deadline = time.GetUtcNow() + TimeSpan.FromSeconds(7) });
        Assert.Equal(time.GetUtcNow() + TimeSpan.FromSeconds(7), worker.Target.Asked.Single().Deadline);
        var late = await Asking.AskAsync(target, Asking.Request with { Deadline = time.GetUtcNow() });
        Assert.Equal(HybridError.DeadlineExceeded, late.Fault?.Error);
        Assert.Single(worker.Target.Asked);
    }

    [Fact]
    public async Task A_request_that_the_zone_may_not_see_is_not_sent()
    {
        await using var worker = await InProcessWorker.StartAsync();
        await using var target = Create(Asking.Options(worker.Server.Grpc));
        Assert.NotNull((await Asking.AskAsync(target, Asking.Request with { Privacy = PrivacyClass.Confidential })).Completion);
        Assert.Equal(HybridError.NoTargetAllowed, (await Asking.AskAsync(target, Asking.Request with { Privacy = PrivacyClass.Secret })).Fault?.Error);
        Assert.Single(worker.Target.Asked);
    }

    [Fact]
    public async Task Nobody_there_is_unavailable_and_forgotten_after_a_while()
    {
        var time = new ManualTimeProvider();
        await using var worker = await InProcessWorker.StartAsync();
        var endpoint = worker.Server.Grpc;
        await worker.Server.StopAsync();
        await using var target = Create(Asking.Options(endpoint), time);
        Assert.Equal(HybridError.TargetUnavailable, (await Asking.AskAsync(target)).Fault?.Error);
        Assert.Equal(TargetReadiness.Unavailable, target.State.Readiness);
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(TargetReadiness.Unknown, target.State.Readiness);
        Assert.Equal(TargetReadiness.Unavailable, (await target.RefreshAsync()).Readiness);
    }

    [Fact]
    public async Task Warming_waits_until_the_far_model_is_loaded()
    {
        var loading = new TaskCompletionSource<ITarget>();
        await using var worker = await InProcessWorker.StartAsync(load: (_, _) => loading.Task, warm: false);
        await using var target = Create(Asking.Options(worker.Server.Grpc));
        Assert.Equal(TargetReadiness.Warming, (await target.RefreshAsync(worker.Limit)).Readiness);
        var warm = target.WarmAsync(worker.Limit).AsTask();
        Assert.False(warm.IsCompleted);
        loading.SetResult(worker.Target);
        await warm;
        Assert.Equal(TargetReadiness.Warm, target.State.Readiness);
    }
}
