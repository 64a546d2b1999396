using System.Text.Json;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.OpenAi;

/// <summary>Writes how tokens are chosen, in the words of the pool.</summary>
internal static class SamplingJson
{
    public static void Write(Utf8JsonWriter json, SamplingOptions sampling, SamplingFields fields)
    {
        json.WriteNumber("temperature"u8, sampling.Temperature);
        if (sampling.FrequencyPenalty != 0)
            json.WriteNumber("frequency_penalty"u8, sampling.FrequencyPenalty);
        if (sampling.PresencePenalty != 0)
            json.WriteNumber("presence_penalty"u8, sampling.PresencePenalty);
        if (sampling.Temperature > 0)
            WriteDraw(json, sampling, fields);
        switch (fields)
        {
            case SamplingFields.Vllm when sampling.RepetitionPenalty != 1:
                json.WriteNumber("repetition_penalty"u8, sampling.RepetitionPenalty);
                break;
            case SamplingFields.LlamaServer:
                json.WriteNumber("repeat_penalty"u8, sampling.RepetitionPenalty);
                json.WriteNumber("repeat_last_n"u8, sampling.PenaltyWindow);
                break;
        }
    }

    /// <summary>What has no meaning where the likeliest token is always taken.</summary>
    private static void WriteDraw(Utf8JsonWriter json, SamplingOptions sampling, SamplingFields fields)
    {
        json.WriteNumber("top_p"u8, sampling.TopP);
        if (sampling.Seed is { } seed)
            json.WriteNumber("seed"u8, seed);
        if (fields == SamplingFields.Standard)
            return;
        json.WriteNumber("top_k"u8, sampling.TopK);
        json.WriteNumber("min_p"u8, sampling.MinP);
    }
}
