using Hybrid.Targets;

namespace Hybrid.Engines.Sampling;

/// <summary>Refuses sampling options outside their ranges.</summary>
internal static class SamplingOptionsValidator
{
    public static void Validate(SamplingOptions options)
    {
        Check(nameof(options.Temperature), options.Temperature, 0, 100);
        Check(nameof(options.TopK), options.TopK, 0, int.MaxValue);
        Check(nameof(options.TopP), options.TopP, float.Epsilon, 1);
        Check(nameof(options.MinP), options.MinP, 0, 1);
        Check(nameof(options.RepetitionPenalty), options.RepetitionPenalty, float.Epsilon, 10);
        Check(nameof(options.FrequencyPenalty), options.FrequencyPenalty, -2, 2);
        Check(nameof(options.PresencePenalty), options.PresencePenalty, -2, 2);
        Check(nameof(options.PenaltyWindow), options.PenaltyWindow, 0, 1 << 20);
    }

    private static void Check(string name, double value, double lowest, double highest)
    {
        if (!(value >= lowest && value <= highest))
            throw new HybridException(HybridError.InvalidRequest, $"{name} is {value:G6}; use {(lowest == float.Epsilon ? "above 0" : $"{lowest:G6}")} to {highest:G10}. Nothing was decoded.");
    }
}
