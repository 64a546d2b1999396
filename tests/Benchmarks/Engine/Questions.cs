using Hybrid.EndToEnd;
using Hybrid.Engines.LlamaCpp;
using Hybrid.Engines.LlamaCpp.Native;

namespace Hybrid.Benchmarks.Engine;

/// <summary>What the starter models are asked.</summary>
internal static class Questions
{
    /// <summary>Long answers that were learned by heart.</summary>
    public static IReadOnlyList<string> Procedures { get; } =
    [
        "How do I check pump-3 that runs hot?", "What are the steps when a fan vibrates?", "motor-12 does not start. Give me the steps.",
        "Explain what to do when valve-9 leaks.", "tank-4 loses pressure, what should I check?", "How do I check a boiler that leaks?",
        "What are the steps when press-7 runs hot?", "crane-2 vibrates. Give me the steps.", "Explain what to do when a mixer does not start.",
        "turbine-31 loses pressure, what should I check?",
    ];

    /// <summary>Held-out questions of a task of the starter models.</summary>
    public static IReadOnlyList<string> HeldOutOf(params string[] tasks) => [.. HeldOut.Items().Where(item => tasks.Contains(item.Task)).Select(item => item.Prompt)];

    /// <summary>The tokens of a chat with one question, as the model's template has them.</summary>
    public static async Task<int[][]> TokensAsync(BenchModel model, IEnumerable<string> questions)
    {
        NativeLibraries.EnsureLoaded(null);
        using var loaded = await LlamaModel.LoadAsync(model.Path, 0, null, CancellationToken.None);
        return [.. questions.Select(question => loaded.Tokenize($"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n", addSpecial: false, parseSpecial: true))];
    }
}
