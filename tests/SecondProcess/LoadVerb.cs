using Hybrid.Engines.LlamaCpp;
using Hybrid.Targets;

namespace Hybrid.SecondProcess;

/// <summary>Loads each file whose path it is told, decodes two tokens, and says how that went.</summary>
internal static class LoadVerb
{
    private static readonly DecodeRequest Request = new() { Prompt = new TextPrompt("abc de"), Sampling = SamplingOptions.Greedy, MaxTokens = 2 };

    public static async Task<int> RunAsync()
    {
        while (Console.ReadLine() is { } path)
        {
            try
            {
                await using var engine = await LlamaEngine.LoadAsync(new() { ModelPath = path, Threads = 1, ContextLength = 16, Slots = 1, Poll = 0 });
                await foreach (var update in engine.GenerateAsync(Request))
                    _ = update;
                Console.WriteLine("loaded");
            }
            catch (HybridException exception)
            {
                Console.WriteLine($"refused {exception.Error}: {exception.Message.ReplaceLineEndings(" ")}");
            }
        }

        return 0;
    }
}
