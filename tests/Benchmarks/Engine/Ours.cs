using System.Diagnostics;
using System.Runtime.InteropServices;
using Hybrid.Engines.LlamaCpp;
using Hybrid.Targets;

namespace Hybrid.Benchmarks.Engine;

/// <summary>Our engine, asked and timed from outside, as an app sees it.</summary>
internal static class Ours
{
    public static Task<LlamaEngine> LoadAsync(BenchModel model, EngineOptions options, EngineFeatures? features = null, int slots = 1, int? context = null) =>
        LlamaEngine.LoadAsync((features ?? EngineFeatures.Default).On(new LlamaEngineOptions
        {
            ModelPath = model.Path,
            Threads = options.Threads,
            Slots = slots,
            ContextLength = context ?? Math.Min(1024, model.ContextLength),
            QueueCapacity = 256,
        }));

    public static Task<OurStream> RunAsync(LlamaEngine engine, int[] prompt, int maxTokens, SamplingOptions? sampling = null, CancellationToken cancellationToken = default) =>
        RunAsync(engine, new TokensPrompt(prompt), maxTokens, sampling, null, cancellationToken);

    public static async Task<OurStream> RunAsync(LlamaEngine engine, Prompt prompt, int maxTokens, SamplingOptions? sampling = null, Action<string>? onText = null, CancellationToken cancellationToken = default)
    {
        var ids = new List<int>(maxTokens);
        var request = new DecodeRequest { Prompt = prompt, Sampling = sampling ?? SamplingOptions.Greedy, MaxTokens = maxTokens, OnToken = ids.Add };
        var stamps = new List<Stamp>(maxTokens);
        var asked = Stopwatch.GetTimestamp();
        DecodeCompletion? completion = null;
        await foreach (var update in engine.GenerateAsync(request, cancellationToken))
        {
            if (update.TokenCount > 0 || stamps.Count == 0)
                stamps.Add(new(Stopwatch.GetTimestamp(), update.TokenCount));
            onText?.Invoke(update.Text);
            completion = update.Completion;
        }

        return new(asked, Stopwatch.GetTimestamp(), stamps, [.. ids], completion!);
    }

    /// <summary>All at once; the time from the first question to the last token of all.</summary>
    public static async Task<(OurStream[] Streams, TimeSpan Time)> RunTogetherAsync(LlamaEngine engine, int[][] prompts, int maxTokens)
    {
        var asked = Stopwatch.GetTimestamp();
        var streams = await Task.WhenAll(prompts.Select(prompt => Task.Run(() => RunAsync(engine, prompt, maxTokens))));
        return (streams, Stopwatch.GetElapsedTime(asked));
    }
}

/// <summary>When a piece of an answer was in the reader's hands.</summary>
/// <param name="At">Of <see cref="Stopwatch"/>.</param>
/// <param name="Tokens">How many tokens it brought.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Stamp(long At, int Tokens);

/// <summary>One answer of ours.</summary>
internal sealed record OurStream(long Asked, long Ended, IReadOnlyList<Stamp> Stamps, int[] Tokens, DecodeCompletion Completion)
{
    public TimeSpan Ttft => Stopwatch.GetElapsedTime(Asked, Stamps[0].At);

    /// <summary>From the first token as the engine sampled it, which a reader on a busy machine sees later, to the stream's end in the reader's hands.</summary>
    public TimeSpan DecodeTime => Stopwatch.GetElapsedTime(Asked, Ended) - Completion.QueueTime - Completion.PrefillTime;

    /// <summary>Tokens sampled in that time: all but the first, and the one that ended the answer.</summary>
    public int Decoded => Completion.Finish == DecodeFinish.Stop ? Tokens.Length : Tokens.Length - 1;
}
