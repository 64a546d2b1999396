using System.Diagnostics;
using Hybrid.CloudConnector.Pools;

namespace Hybrid.CloudConnector.Tests.Pools;

public class WorkerProcessTests
{
    [Fact]
    public async Task Disposing_ends_the_child()
    {
        var worker = await RunningWorker.StartAsync();
        using var process = Process.GetProcessById(worker.Id);
        await worker.DisposeAsync();
        Assert.True(process.HasExited);
    }

    [Fact]
    public async Task A_worker_that_cannot_start_says_why()
    {
        var missing = await Assert.ThrowsAsync<HybridException>(() => WorkerProcess.StartAsync("nowhere/hybrid-worker.dll", []));
        Assert.Contains("There is no worker at 'nowhere/hybrid-worker.dll'", missing.Message, StringComparison.Ordinal);
        var model = await Assert.ThrowsAsync<HybridException>(() => WorkerProcess.StartAsync(RunningWorker.Path, ["--model", "nosuch.gguf"]));
        Assert.Equal(HybridError.TargetUnavailable, model.Error);
        Assert.Contains("nosuch.gguf", model.Message, StringComparison.Ordinal);
    }
}
