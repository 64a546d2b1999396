using Hybrid.Engines.LlamaCpp;
using Hybrid.Targets;

namespace Hybrid.Benchmarks.Engine.Soaking;

/// <summary>A model that a soak asks, unloads and loads again, with the answers that it must give.</summary>
internal sealed class SoakModel(BenchModel model, EngineOptions options, IReadOnlyList<SoakModel.Known> known) : IAsyncDisposable
{
    private const int Slots = 8;
    private const int MaxTokens = 120;
    private LlamaEngine? _engine;

    public IReadOnlyList<Known> Answers => known;

    /// <summary>Null while it is unloaded.</summary>
    public LlamaEngine? Engine => Volatile.Read(ref _engine);

    /// <summary>Asks every question alone, with no feature that a soak has on, then loads the engine of the soak.</summary>
    public static async Task<SoakModel> MakeAsync(string name, EngineOptions options)
    {
        var model = BenchModel.Get(name);
        string[] questions = [.. Questions.HeldOutOf("triage", "digest", "convert", "edit_json", "choice").Take(options.Quick ? 20 : 100), .. Questions.Procedures];
        var known = new List<Known>();
        await using (var alone = await Ours.LoadAsync(model, options, EngineFeatures.TakingTurns))
        {
            foreach (var tokens in await Questions.TokensAsync(model, questions))
            {
                var text = "";
                var answer = await Ours.RunAsync(alone, new TokensPrompt(tokens), MaxTokens, onText: piece => text += piece);
                known.Add(new(tokens, answer.Tokens, text));
            }
        }

        var soaked = new SoakModel(model, options, known);
        await soaked.LoadAsync();
        return soaked;
    }

    public async Task LoadAsync() => Volatile.Write(ref _engine, await Ours.LoadAsync(model, options, slots: Slots));

    /// <summary>In the middle of whatever runs.</summary>
    public async Task UnloadAsync()
    {
        if (Interlocked.Exchange(ref _engine, null) is { } engine)
            await engine.DisposeAsync();
    }

    public async ValueTask DisposeAsync() => await UnloadAsync();

    /// <summary>Whether an answer parts from the known one only where two tokens were nearly as likely.</summary>
    public async Task<bool> IsNearTieAsync(Known question, int[] tokens) =>
        Margins.FirstDifference(question.Tokens, tokens) >= 0 && await Margins.AtAsync(model, options.Threads, question.Prompt, question.Tokens, tokens) <= Margins.NearTie;

    public DecodeRequest Request(Known question) => new() { Prompt = new TokensPrompt(question.Prompt), Sampling = SamplingOptions.Greedy, MaxTokens = MaxTokens };

    internal sealed record Known(int[] Prompt, int[] Tokens, string Answer);
}
