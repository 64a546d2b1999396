using Hybrid.CloudConnector.Pools;
using Hybrid.EndToEnd;
using Hybrid.Targets;

[assembly: AssemblyFixture(typeof(Hybrid.CloudConnector.Tests.RunningWorker))]

namespace Hybrid.CloudConnector.Tests;

/// <summary>One real worker process with the edge model, for every test that needs a pool.</summary>
public sealed class RunningWorker : IAsyncLifetime
{
    public WorkerProcess Process { get; private set; } = null!;

    public static string Path { get; } = System.IO.Path.Combine(
        Repository.Root, "src", "CloudWorker", "bin",
        AppContext.BaseDirectory.Contains("Release", StringComparison.Ordinal) ? "Release" : "Debug", "net10.0", "hybrid-worker.dll");

    public async ValueTask InitializeAsync()
    {
        Process = await StartAsync();
        await using var target = Target(Process.Grpc);
        // Without a cold start a worker refuses requests while it loads, a wake-up call included once it is asked too early.
        while ((await target.RefreshAsync()).Readiness is not TargetReadiness.Warm)
            await target.WarmAsync();
    }

    public ValueTask DisposeAsync() => Process.DisposeAsync();

    public static Task<WorkerProcess> StartAsync(params string[] arguments) =>
        WorkerProcess.StartAsync(Path, ["--model", Repository.EdgeModel, "--threads", "1", "--poll", "0", .. arguments]);

    public static WorkerTarget Target(Uri endpoint, TimeProvider? time = null, string? key = null) => new(
        new() { Endpoint = endpoint, ApiKey = key, Descriptor = new() { Name = "cloud", Model = "edge", Zone = Zone.Site } },
        time);

    public static DecodeRequest Ask(string question = "convert 7 bar to kPa", int maxTokens = 64) => new()
    {
        Prompt = new MessagesPrompt([new("user", question)]),
        Sampling = SamplingOptions.Greedy,
        MaxTokens = maxTokens,
    };
}
