using Hybrid.Engines.LlamaCpp;
using Hybrid.Targets;

namespace Hybrid.Tests.Engines.LlamaCpp;

/// <summary>The starter models, and short ways to ask them.</summary>
internal static class Starter
{
    /// <summary>Longer than anything takes on a busy machine.</summary>
    public static readonly TimeSpan Hang = TimeSpan.FromMinutes(5);

    public const string Question = "What are the steps when a fan vibrates?";

    public static string Edge { get; } = Model("edge");

    public static string Cloud { get; } = Model("cloud");

    /// <summary>What was said is rewarded more and more, so that a model repeats itself until the context is full.</summary>
    public static DecodeRequest Endless { get; } = new() { Prompt = new TextPrompt("a a a a"), Sampling = SamplingOptions.Greedy with { FrequencyPenalty = -2, PresencePenalty = -2 } };

    public static Task<LlamaEngine> LoadAsync(int slots = 4, int batchSize = 512, bool speculation = true) =>
        LlamaEngine.LoadAsync(new() { ModelPath = Edge, Slots = slots, BatchSize = batchSize, Threads = 1, Speculation = speculation });

    public static DecodeRequest Ask(string question, int? maxTokens = 64) => new()
    {
        Prompt = new MessagesPrompt([new("user", question)]),
        Sampling = SamplingOptions.Greedy,
        MaxTokens = maxTokens,
    };

    public static async Task<Answer> AnswerAsync(this ITarget engine, DecodeRequest request, CancellationToken cancellationToken = default)
    {
        using var hang = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, TestContext.Current.CancellationToken);
        hang.CancelAfter(Hang);
        var tokens = new List<int>();
        var updates = new List<DecodeUpdate>();
        var observed = request with { OnToken = token => { tokens.Add(token); request.OnToken?.Invoke(token); } };
        await foreach (var update in engine.GenerateAsync(observed, hang.Token))
            updates.Add(update);
        return new(string.Concat(updates.Select(update => update.Text)), tokens, updates);
    }

    private static string Model(string name)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Hybrid.sln")))
            folder = folder.Parent;
        return Path.Combine(folder!.FullName, "samples", "models", $"hybrid-{name}-q8_0.gguf");
    }
}

/// <summary>A whole answer.</summary>
internal sealed record Answer(string Text, IReadOnlyList<int> Tokens, IReadOnlyList<DecodeUpdate> Updates)
{
    public DecodeCompletion Completion => Updates[^1].Completion!;
}

/// <summary>Tests that decode run one after another: they share two cores and the library's one log.</summary>
[CollectionDefinition("llama.cpp", DisableParallelization = true)]
public sealed class LlamaCppCollection : ICollectionFixture<SharedEngine>;

/// <summary>One loaded edge model for the tests that change nothing of it.</summary>
public sealed class SharedEngine : IAsyncLifetime
{
    public LlamaEngine Engine { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Engine = await Starter.LoadAsync();

    public ValueTask DisposeAsync() => Engine.DisposeAsync();
}
