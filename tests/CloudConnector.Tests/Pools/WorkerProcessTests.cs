using System.Diagnostics;
using Hybrid.CloudConnector.Pools;
using Hybrid.CloudWorker.Tests;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.Tests.Pools;

public class WorkerProcessTests
{
    [Fact]
    public async Task A_child_answers_and_is_gone_once_disposed()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var worker = await WorkerProcess.StartAsync(Repository.Worker, ["--model", Repository.EdgeModel, "--threads", "1", "--poll", "0"], limit.Token);
        using var process = Process.GetProcessById(worker.Id);
        await using (var target = new WorkerTarget(Asking.Options(worker.Grpc)))
        {
            await target.WarmAsync(limit.Token);
            var answer = await Asking.AskAsync(target, Asking.Request with { Sampling = SamplingOptions.Greedy, MaxTokens = 5 });
            Assert.NotNull(answer.Completion);
        }

        await worker.DisposeAsync();
        Assert.True(process.HasExited);
    }

    [Fact]
    public async Task A_child_that_is_killed_ends_its_streams_with_a_typed_fault()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        // Its cold start holds the request, so that it is running when the child dies, however fast this machine is.
        await using var worker = await WorkerProcess.StartAsync(Repository.Worker, ["--model", Repository.EdgeModel, "--cold-start", "1h"], limit.Token);
        await using var target = new WorkerTarget(Asking.Options(worker.Grpc));
        var answer = Asking.AskAsync(target);
        while ((await target.RefreshAsync(limit.Token)).Readiness != TargetReadiness.Warming)
            await Task.Yield();
        using var process = Process.GetProcessById(worker.Id);
        process.Kill();
        Assert.Equal(HybridError.TargetUnavailable, (await answer).Fault?.Error);
        Assert.Equal(TargetReadiness.Unavailable, target.State.Readiness);
    }

    [Fact]
    public async Task A_worker_ends_when_its_parents_end_of_the_pipe_does()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var start = new ProcessStartInfo("dotnet", [Repository.Worker, "--model", Repository.EdgeModel, "--http-port", "0", "--grpc-port", "0", "--exit-with-stdin", "--cold-start", "1h"])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(start)!;
        var ready = await process.StandardOutput.ReadLineAsync(limit.Token);
        Assert.Contains("\"event\":\"listening\"", ready, StringComparison.Ordinal);
        process.StandardInput.Close();
        await process.WaitForExitAsync(limit.Token);
        Assert.Equal(0, process.ExitCode);
    }

    [Fact]
    public async Task A_start_that_fails_says_what_the_child_said()
    {
        var fault = await Assert.ThrowsAsync<HybridException>(() => WorkerProcess.StartAsync(Repository.Worker, ["--model", "no-such.gguf"]));
        Assert.Equal(HybridError.TargetUnavailable, fault.Error);
        Assert.Contains("no model file 'no-such.gguf'", fault.Message, StringComparison.Ordinal);
        var missing = await Assert.ThrowsAsync<HybridException>(() => WorkerProcess.StartAsync("no-such-worker.dll", []));
        Assert.Equal(HybridError.TargetUnavailable, missing.Error);
    }
}
