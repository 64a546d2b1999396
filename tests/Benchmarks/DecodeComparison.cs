using System.Diagnostics;
using Hybrid.EndToEnd;
using Hybrid.EndToEnd.Peers;
using Hybrid.Engines.LlamaCpp;
using Hybrid.Targets;

namespace Hybrid.Benchmarks;

/// <summary>One greedy stream on both starter models, ours and node-llama-cpp in turns, on the same libraries and threads.</summary>
internal static class DecodeComparison
{
    private const int MaxTokens = 200;

    private static readonly string[] Prompts =
    [
        "How do I check pump-3 that runs hot?", "What are the steps when a fan vibrates?", "motor-12 does not start. Give me the steps.",
        "Explain what to do when valve-9 leaks.", "tank-4 loses pressure, what should I check?", "How do I check a boiler that leaks?",
        "What are the steps when press-7 runs hot?", "crane-2 vibrates. Give me the steps.", "Explain what to do when a mixer does not start.",
        "turbine-31 loses pressure, what should I check?",
    ];

    public static async Task RunAsync(int pairs)
    {
        Console.WriteLine($"decode of one stream, {pairs} pairs in turns, median tokens/s\n");
        Console.WriteLine("| model | threads | node-llama-cpp | Hybrid | median of paired ratios | lowest | highest |\n| --- | --- | --- | --- | --- | --- | --- |");
        foreach (var (name, path, threads) in new[] { ("edge", Repository.EdgeModel, 1), ("edge", Repository.EdgeModel, 2), ("cloud", Repository.CloudModel, 1), ("cloud", Repository.CloudModel, 2) })
        {
            using var peer = await NodeLlama.StartAsync(path, threads, 1024);
            await using var engine = await LlamaEngine.LoadAsync(new LlamaEngineOptions { ModelPath = path, Threads = threads, Slots = 1 });
            await PeerAsync(peer);
            await OursAsync(engine);
            var rounds = new List<(double Peer, double Ours)>();
            for (var i = 0; i < pairs; i++)
            {
                var oursFirst = i % 2 == 0;
                var first = oursFirst ? await OursAsync(engine) : await PeerAsync(peer);
                var second = oursFirst ? await PeerAsync(peer) : await OursAsync(engine);
                rounds.Add(oursFirst ? (second, first) : (first, second));
            }

            var ratios = rounds.Select(round => round.Ours / round.Peer).Order().ToArray();
            Console.WriteLine($"| {name} | {threads} | {Median(rounds.Select(round => round.Peer)):0} | {Median(rounds.Select(round => round.Ours)):0} | {Median(ratios):0.000} | {ratios[0]:0.000} | {ratios[^1]:0.000} |");
        }
    }

    private static async Task<double> PeerAsync(NodeLlama peer)
    {
        var (tokens, milliseconds) = (0, 0.0);
        foreach (var prompt in Prompts)
        {
            var answer = await peer.GenerateAsync($"<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n", MaxTokens);
            tokens += answer.Tokens.Length;
            milliseconds += answer.DecodeMilliseconds;
        }

        return tokens / milliseconds * 1000;
    }

    private static async Task<double> OursAsync(LlamaEngine engine)
    {
        var tokens = 0;
        var time = TimeSpan.Zero;
        foreach (var prompt in Prompts)
        {
            var request = new DecodeRequest
            {
                Prompt = new MessagesPrompt([new("user", prompt)]),
                Sampling = SamplingOptions.Greedy,
                MaxTokens = MaxTokens,
            };
            // From the call to the last text in the reader's hands, less the prefill, as the peer measures it.
            var asked = Stopwatch.GetTimestamp();
            DecodeCompletion? completion = null;
            await foreach (var update in engine.GenerateAsync(request))
            {
                tokens += update.TokenCount;
                completion = update.Completion;
            }

            time += Stopwatch.GetElapsedTime(asked) - completion!.QueueTime - completion.PrefillTime;
        }

        return tokens / time.TotalSeconds;
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[sorted.Length / 2] + sorted[(sorted.Length - 1) / 2]) / 2;
    }
}
