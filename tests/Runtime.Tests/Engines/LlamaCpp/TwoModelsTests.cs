using Hybrid.Engines.LlamaCpp;
using Hybrid.Engines.Residency;
using Hybrid.Targets;
using Hybrid.Tests.Engines.Residency;

namespace Hybrid.Tests.Engines.LlamaCpp;

/// <summary>Two real models in one process.</summary>
[Collection("llama.cpp")]
public class TwoModelsTests(SharedEngine shared)
{
    private static readonly string[] Questions = [Starter.Question, "Tell me about the sea, the moon and why cats purr."];

    [Fact]
    public async Task A_budget_for_one_at_a_time_changes_no_answer()
    {
        string[] paths = [Starter.Edge, Starter.Cloud];
        var expected = new List<string>();
        var most = 0L;
        foreach (var path in paths)
        {
            most = Math.Max(most, await LlamaEngine.EstimateMemoryAsync(Options(path)));
            await using var alone = await LlamaEngine.LoadAsync(Options(path));
            foreach (var question in Questions)
                expected.Add((await alone.AnswerAsync(Starter.Ask(question))).Text);
        }

        var loads = new List<string>();
        await using var models = new ResidentModels(memoryBudget: most);
        var targets = paths.Select(path => Add(models, path, () => loads.Add(path))).ToArray();
        for (var i = 0; i < expected.Count; i++)
        {
            var (target, question) = (i % 2, i / 2);
            Assert.Equal(expected[(target * Questions.Length) + question], await ReadAsync(targets[target], Questions[question]));
            Assert.InRange(models.ReservedBytes, 1, most);
        }

        Assert.Equal([Starter.Edge, Starter.Cloud, Starter.Edge, Starter.Cloud], loads);
        Assert.NotEqual(expected[1], expected[3]); // else nobody could tell one from the other
    }

    [Fact]
    public async Task A_stream_delivers_all_its_tokens_while_another_model_loads_and_unloads()
    {
        var expected = (await shared.Engine.AnswerAsync(Starter.Ask(Starter.Question))).Text;
        var held = new TaskCompletionSource();
        var loading = new TaskCompletionSource();
        await using var models = new ResidentModels();
        var edge = Add(models, Starter.Edge);
        var cloud = Add(models, Starter.Cloud, () => loading.SetResult(), held.Task);
        await edge.WarmAsync(TestContext.Current.CancellationToken);
        var waiting = ReadAsync(cloud, Starter.Question);
        await loading.Task.WaitAsync(Starter.Hang);
        Assert.Equal(expected, await ReadAsync(edge, Starter.Question));
        Assert.Equal(TargetReadiness.Warming, cloud.State.Readiness);
        held.SetResult();
        Assert.NotEmpty(await waiting);

        // Disposing ends nobody else's stream either.
        await using var stream = edge.GenerateAsync(Starter.Ask(Starter.Question)).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await stream.MoveNextAsync());
        await cloud.DisposeAsync();
        var text = stream.Current.Text;
        while (await stream.MoveNextAsync())
            text += stream.Current.Text;
        Assert.Equal(expected, text);
    }

    [Fact]
    public async Task Two_engines_on_one_file_take_turns_in_mid_answer()
    {
        await using var first = await LlamaEngine.LoadAsync(Options(Starter.Edge));
        await using var second = await LlamaEngine.LoadAsync(Options(Starter.Edge));
        var expected = (await shared.Engine.AnswerAsync(Starter.Ask(Starter.Question))).Text;
        using var hang = new CancellationTokenSource(Starter.Hang);
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var asked = new ManualResetEventSlim(); // until then it rambles no further
        var count = 0;
        var rambling = Starter.Ask("Ramble.", maxTokens: 800) with
        {
            Format = new GrammarOutput("root ::= [a-z ]{3000}"),
            OnToken = _ =>
            {
                if (Interlocked.Increment(ref count) > 1)
                    return;
                begun.SetResult();
                asked.Wait(Starter.Hang);
            },
        };
        // Not read on yet, so that it pauses before its end should the second take long.
        await using var running = first.GenerateAsync(rambling, hang.Token).GetAsyncEnumerator(hang.Token);
        var next = running.MoveNextAsync().AsTask();
        await begun.Task.WaitAsync(hang.Token);
        var (before, after) = (0, 0);
        var answer = ReadAsync(second, Starter.Question);
        var beside = second.AnswerAsync(rambling with // many turns long
        {
            OnToken = _ =>
            {
                after = Volatile.Read(ref count);
                if (before == 0)
                    before = after;
            },
        });
        await Shelf.UntilAsync(() => second.State.BusySlots > 0); // it is there to take its turn
        asked.Set();
        Assert.Equal(expected, await answer);
        await beside;
        while (await next)
            next = running.MoveNextAsync().AsTask();
        Assert.InRange(Volatile.Read(ref count), after + 1, 800);
        Assert.True(after > before, "The second engine had all the turns.");
    }

    [Fact]
    public async Task Disposing_with_a_stream_running_ends_it_with_an_error()
    {
        var models = new ResidentModels();
        var edge = Add(models, Starter.Edge);
        await using var stream = edge.GenerateAsync(Starter.Ask(Starter.Question, maxTokens: 900)).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await stream.MoveNextAsync());
        await models.DisposeAsync().AsTask().WaitAsync(Starter.Hang);
        var error = await Assert.ThrowsAsync<HybridException>(async () =>
        {
            while (await stream.MoveNextAsync())
            {
            }
        });
        Assert.Equal(HybridError.TargetUnavailable, error.Error);
    }

    private static LlamaEngineOptions Options(string path) => new() { ModelPath = path, Slots = 2, KvTokens = 2048, Threads = 1 };

    private static ITarget Add(ResidentModels models, string path, Action? onLoad = null, Task? held = null) => models.Add(new()
    {
        Descriptor = new() { Name = Path.GetFileNameWithoutExtension(path), Model = "m", Zone = Zone.Device },
        EstimateAsync = async token => await LlamaEngine.EstimateMemoryAsync(Options(path), token),
        LoadAsync = async token =>
        {
            onLoad?.Invoke();
            await (held ?? Task.CompletedTask).WaitAsync(token);
            return await LlamaEngine.LoadAsync(Options(path), cancellationToken: token);
        },
    });

    private static async Task<string> ReadAsync(ITarget target, string question)
    {
        using var hang = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        hang.CancelAfter(Starter.Hang);
        var text = "";
        await foreach (var update in target.GenerateAsync(Starter.Ask(question), hang.Token))
            text += update.Text;
        return text;
    }
}
