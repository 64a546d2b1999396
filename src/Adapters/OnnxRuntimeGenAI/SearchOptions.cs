using Hybrid.Targets;
using Microsoft.ML.OnnxRuntimeGenAI;

namespace Hybrid.Adapters.OnnxRuntimeGenAI;

/// <summary>How tokens are chosen, in the runtime's words; what it has no word for is refused.</summary>
internal static class SearchOptions
{
    /// <exception cref="HybridException">The runtime cannot choose tokens so (<see cref="HybridError.InvalidRequest"/>).</exception>
    public static void Check(SamplingOptions sampling)
    {
        if (sampling.FrequencyPenalty != 0 || sampling.PresencePenalty != 0)
            throw Missing("FrequencyPenalty and PresencePenalty");
        if (sampling.MinP != 0 && sampling.MinP != SamplingOptions.Default.MinP)
            throw Missing($"MinP {sampling.MinP}"); // the default's is left out: it drops what top-p mostly drops, too
        if (sampling.Seed is < 0 or > int.MaxValue)
            throw Missing($"the seed {sampling.Seed} (it takes 0 to {int.MaxValue})");
    }

    public static void Apply(SamplingOptions sampling, int maxLength, GeneratorParams to)
    {
        to.SetSearchOption("max_length", maxLength);
        to.SetSearchOption("do_sample", sampling.Temperature > 0);
        if (sampling.RepetitionPenalty != 1)
            to.SetSearchOption("repetition_penalty", sampling.RepetitionPenalty);
        if (sampling.Temperature == 0)
            return;
        to.SetSearchOption("temperature", sampling.Temperature);
        to.SetSearchOption("top_p", sampling.TopP);
        to.SetSearchOption("top_k", sampling.TopK);
        if (sampling.Seed is { } seed)
            to.SetSearchOption("random_seed", seed);
    }

    private static HybridException Missing(string what) =>
        new(HybridError.InvalidRequest, $"ONNX Runtime GenAI does not know {what}. Nothing was decoded; leave it out, or use the llama.cpp engine in the box.");
}
