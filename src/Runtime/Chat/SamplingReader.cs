using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.Chat;

/// <summary>Sampling from chat options: what is unset keeps <see cref="SamplingOptions.Default"/>; what is out of range is refused.</summary>
internal static class SamplingReader
{
    public static SamplingOptions Read(ChatOptions options, HybridProperties properties)
    {
        var standard = SamplingOptions.Default;
        return standard with
        {
            Temperature = Within(options.Temperature, standard.Temperature, 0, 100, "ChatOptions.Temperature"),
            TopK = options.TopK is < 0
                ? throw Invalid($"ChatOptions.TopK is {options.TopK}; use 0 (all) or more")
                : options.TopK ?? standard.TopK,
            TopP = Within(options.TopP, standard.TopP, float.Epsilon, 1, "ChatOptions.TopP"),
            FrequencyPenalty = Within(options.FrequencyPenalty, standard.FrequencyPenalty, -2, 2, "ChatOptions.FrequencyPenalty"),
            PresencePenalty = Within(options.PresencePenalty, standard.PresencePenalty, -2, 2, "ChatOptions.PresencePenalty"),
            MinP = Within(properties.MinP, standard.MinP, 0, 1, HybridChatOptionsExtensions.MinP),
            RepetitionPenalty = Within(properties.RepetitionPenalty, standard.RepetitionPenalty, float.Epsilon, 10, HybridChatOptionsExtensions.RepetitionPenalty),
            Seed = options.Seed,
        };
    }

    private static float Within(float? value, float standard, float least, float most, string name)
    {
        if (value is not { } given) return standard;
        if (given >= least && given <= most) return given; // false for NaN too
        var range = least == float.Epsilon ? $"above 0 to {most}" : $"{least} to {most}";
        throw Invalid($"{name} is {given}; use {range}");
    }

    private static HybridException Invalid(string message) => new(HybridError.InvalidRequest, message + ". Nothing was sent.");
}
