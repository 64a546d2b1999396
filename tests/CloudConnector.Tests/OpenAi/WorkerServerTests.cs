using System.Net;
using Hybrid.CloudConnector.OpenAi;
using Hybrid.CloudConnector.Pools;
using Hybrid.CloudWorker.Tests;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.Tests.OpenAi;

/// <summary>Our client against the worker's process and a real model.</summary>
public sealed class WorkerServerTests(WorkerServerTests.RealWorker worker) : IClassFixture<WorkerServerTests.RealWorker>
{
    private OpenAiTargetOptions Options => ServerCases.Options(worker.Process.Http, "starter") with { ApiKey = "client-key", Sampling = SamplingFields.Vllm };

    [Fact]
    public Task It_streams() => ServerCases.StreamsAsync(Options with { Endpoint = new(worker.Process.Http, "/v1/") });

    [Fact]
    public Task A_cut_answer_goes_on_as_the_unbroken_one() => ServerCases.ContinuesAsync(Options with { Continuation = ContinuationMode.Vllm });

    [Fact]
    public Task It_tells_scores() => ServerCases.ScoresAsync(Options);

    [Fact]
    public Task It_keeps_formats() => ServerCases.KeepsFormatsAsync(Options);

    [Fact]
    public Task It_takes_options() => ServerCases.TakesOptionsAsync(Options);

    [Fact]
    public Task That_it_goes_on_is_found_out() => ServerCases.FindsOutAsync(Options, ContinuationMode.Vllm);

    [Fact]
    public async Task The_same_text_and_counts_come_as_over_grpc()
    {
        await using var grpc = new WorkerTarget(new() { Endpoint = worker.Process.Grpc, ApiKey = "client-key", Descriptor = Options.Descriptor });
        await using var http = new OpenAiTarget(Options);
        var (one, other) = (await ServerCases.CollectAsync(grpc, ServerCases.Ask()), await ServerCases.CollectAsync(http, ServerCases.Ask()));
        Assert.Equal(ServerCases.Text(one), ServerCases.Text(other));
        Assert.Equal((one[^1].Completion!.OutputTokens, one[^1].Completion!.PromptTokens), (other[^1].Completion!.OutputTokens, other[^1].Completion!.PromptTokens));
        var tokens = new DecodeRequest { Prompt = new TokensPrompt(new[] { 300, 301, 302 }), Sampling = SamplingOptions.Greedy, MaxTokens = 4 };
        Assert.Equal(ServerCases.Text(await ServerCases.CollectAsync(grpc, tokens)), ServerCases.Text(await ServerCases.CollectAsync(http, tokens)));
    }

    [Fact]
    public async Task A_way_that_does_not_go_on_is_found_out_and_no_longer_claimed()
    {
        // The worker takes a last message of the assistant as a finished turn, unless it is told otherwise.
        await using var target = new OpenAiTarget(Options with { Continuation = ContinuationMode.Prefill });
        Assert.Equal(ContinuationMode.None, await target.ProbeContinuationAsync());
        Assert.False(target.Descriptor.Capabilities.HasFlag(TargetCapabilities.Continuation));
        var fault = await Assert.ThrowsAsync<HybridException>(() => ServerCases.CollectAsync(target, ServerCases.Ask() with { Continuation = "I only" }));
        Assert.Equal(HybridError.InvalidRequest, fault.Error);
    }

    [Fact]
    public async Task Its_health_and_its_refusals_are_understood()
    {
        await using var target = new OpenAiTarget(Options);
        Assert.True(await target.ProbeAsync());
        Assert.Equal(TargetReadiness.Warm, target.State.Readiness);
        await target.WarmAsync();
        await using var stranger = new OpenAiTarget(Options with { ApiKey = "wrong" });
        Assert.Equal(HybridError.Unauthorized, (await Assert.ThrowsAsync<HybridException>(() => ServerCases.CollectAsync(stranger, ServerCases.Ask()))).Error);
        await using var other = new OpenAiTarget(Options with { ModelId = "no-such" });
        var unknown = await Assert.ThrowsAsync<HybridException>(() => ServerCases.CollectAsync(other, ServerCases.Ask()));
        Assert.Equal(HybridError.InvalidRequest, unknown.Error);
        Assert.Contains(((int)HttpStatusCode.NotFound).ToString(), unknown.Message, StringComparison.Ordinal);
    }

    public sealed class RealWorker : IAsyncLifetime
    {
        public WorkerProcess Process { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            Process = await WorkerProcess.StartAsync(
                Repository.Worker, ["--model", Repository.EdgeModel, "--name", "starter", "--api-key", "client-key", "--threads", "1", "--poll", "0"], limit.Token);
            await using var target = new WorkerTarget(new() { Endpoint = Process.Grpc, ApiKey = "client-key", Descriptor = new() { Name = "worker", Model = "starter", Zone = Zone.Device } });
            await target.WarmAsync(limit.Token);
        }

        public ValueTask DisposeAsync() => Process.DisposeAsync();
    }
}
