using System.Numerics;

namespace Hybrid.Accounting;

/// <summary>Energy per token where neither a meter nor the configuration tells: a model of GPU servers by size.</summary>
/// <remarks>
/// EcoLogits 0.8 and later (ecologits.ai, "LLM inference"), fitted to the ML.ENERGY leaderboard on H100s: for each GPU
/// α·exp(β·64)·B + γ watt hours per token of the answer at a batch of 64, B the parameters in billions; as many GPUs of 80 GB,
/// a power of two, as hold 16-bit weights and a fifth more. Prompt tokens and the rest of the server are not in it.
/// </remarks>
internal static class EnergyModel
{
    public const string Source = "EcoLogits' model of GPU servers";

    private const double Alpha = 1.1665273170451914e-6;
    private const double Gamma = 4.052928146734005e-5;
    private const double GigabytesPerGpu = 80;
    private const double GigabytesPerBillion = 2 * 1.2;
    private const double JoulesPerWattHour = 3600;
    private static readonly double Batched = Math.Exp(-0.011205921025579175 * 64);

    /// <summary>Joules for a token of the answer; 0 where the size is not known.</summary>
    public static double JoulesPerToken(double parametersBillions)
    {
        if (!(parametersBillions > 0)) return 0;
        var gpus = BitOperations.RoundUpToPowerOf2((uint)Math.Min(Math.Ceiling(parametersBillions * GigabytesPerBillion / GigabytesPerGpu), 1 << 20));
        return JoulesPerWattHour * gpus * ((Alpha * Batched * parametersBillions) + Gamma);
    }
}
