using Hybrid.Engines.LlamaCpp;
using Hybrid.Engines.LlamaCpp.Native;

namespace Hybrid.Benchmarks.Engine;

/// <summary>How close two tokens were where two greedy answers part.</summary>
internal static class Margins
{
    // Sums of a batch are rounded in another order; logits move by some hundredths of their standard deviation at most.
    public const float NearTie = 0.1f;

    /// <summary>Where two answers differ first; -1 where they do not.</summary>
    public static int FirstDifference(int[] left, int[] right)
    {
        var common = left.AsSpan().CommonPrefixLength(right);
        return common == left.Length && common == right.Length ? -1 : common;
    }

    /// <summary>How far the lower of the two tokens' logits is below the highest of all, after the prompt and what both answers share, in standard deviations of the logits.</summary>
    /// <remarks>An answer that is over there chose a token that ends it.</remarks>
    public static async Task<float> AtAsync(BenchModel model, int threads, int[] prompt, int[] left, int[] right)
    {
        using var loaded = await LlamaModel.LoadAsync(model.Path, 0, null, CancellationToken.None);
        var at = FirstDifference(left, right);
        var logits = Logits(loaded, threads, [.. prompt, .. left[..at]]);
        var mean = logits.Average();
        var deviation = MathF.Sqrt(logits.Average(logit => (logit - mean) * (logit - mean)));
        return (logits.Max() - Math.Min(Of(left), Of(right))) / deviation;

        float Of(int[] answer) => at < answer.Length
            ? logits[answer[at]]
            : logits.Where((_, token) => loaded.IsEndOfGeneration(token)).DefaultIfEmpty(float.NegativeInfinity).Max();
    }

    private static unsafe float[] Logits(LlamaModel model, int threads, int[] tokens)
    {
        var parameters = NativeMethods.llama_context_default_params();
        parameters.Context = parameters.Batch = (uint)tokens.Length;
        parameters.Threads = parameters.ThreadsBatch = threads;
        using var context = new ContextHandle(NativeMethods.llama_init_from_model(model.Handle.Value, parameters), model.Handle);
        fixed (int* first = tokens)
        {
            if (NativeMethods.llama_decode(context.Value, new Batch { Count = tokens.Length, Tokens = first }) != 0)
                throw new InvalidOperationException($"{tokens.Length} tokens could not be decoded.");
        }

        return new ReadOnlySpan<float>(NativeMethods.llama_get_logits_ith(context.Value, -1), model.VocabularySize).ToArray();
    }
}
