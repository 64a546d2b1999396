using System.Diagnostics;
using Hybrid.Accounting;
using Hybrid.CloudConnector.Pools;
using Hybrid.EndToEnd.Streaming;
using Hybrid.Engines.LlamaCpp;
using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.EndToEnd;

/// <summary>A real worker process is killed while it streams.</summary>
public class WorkerDeathTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3); // to kill it in time, on whatever machine
    private const string Question = "How do I check pump-3 that runs hot?";

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(20)]
    public async Task The_device_goes_on_from_the_last_word_and_the_answer_is_the_unbroken_one(int killAfter)
    {
        var (broken, began) = (false, TimeProvider.System.GetTimestamp());
        while (!broken && TimeProvider.System.GetElapsedTime(began) < Limit)
            broken = await KillAsync(killAfter);
        Assert.True(broken, "The worker was never killed in time.");
    }

    private static async Task<bool> KillAsync(int killAfter)
    {
        // The same model on both sides and greedy: then a stream that lost or repeated a token could not equal the unbroken one.
        await using var engine = await LlamaEngine.LoadAsync(new() { ModelPath = Repository.CloudModel, Threads = 1, Poll = 0 });
        var whole = await WholeAsync(engine);
        await using var worker = await WorkerProcess.StartAsync(
            ChildProcess.PathOf("src/CloudWorker", "hybrid-worker"), ["--model", Repository.CloudModel, "--threads", "1", "--poll", "0"]);
        await using var pool = new WorkerTarget(new()
        {
            Endpoint = worker.Grpc,
            ConnectTimeout = RealPool.Patience,
            Descriptor = new() { Name = "cloud", Model = "cloud", Zone = Zone.Site, Quality = 1, Capabilities = TargetCapabilities.Chat | TargetCapabilities.Continuation },
        });
        await pool.WarmAsync();
        using var client = new HybridChatClient([pool, engine]);

        var text = "";
        var pieces = 0;
        RequestReceipt? receipt = null;
        await foreach (var update in client.GetStreamingResponseAsync(Question, new ChatOptions { Temperature = 0, MaxOutputTokens = 200 }))
        {
            text += update.Text;
            receipt ??= update.AdditionalProperties?.GetValueOrDefault(HybridUpdateKeys.Receipt) as RequestReceipt;
            if (++pieces != killAfter)
                continue;
            using var process = Process.GetProcessById(worker.Id);
            process.Kill();
            await process.WaitForExitAsync();
        }

        // On a busy machine the whole answer may have been on its way before the kill; then there was nothing to go on with.
        Assert.Equal(whole, text);
        if (receipt!.Segments.Count == 1)
            return false;
        Assert.Equal(["cloud", "device"], receipt.Segments.Select(segment => segment.Target));
        return true;
    }

    private static async Task<string> WholeAsync(LlamaEngine engine)
    {
        var text = "";
        await foreach (var update in engine.GenerateAsync(new() { Prompt = new MessagesPrompt([new("user", Question)]), Sampling = SamplingOptions.Greedy, MaxTokens = 200 }))
            text += update.Text;
        return text;
    }
}
