namespace Hybrid.Accounting.Predictors;

/// <summary>The clock of forgetting: after a half-life, half of what was learned still counts.</summary>
internal sealed class Forgetting(TimeProvider time, TimeSpan halfLife)
{
    public long Now => time.GetTimestamp();

    /// <summary>A reading this old is as good as new: it has lost less than a thousandth.</summary>
    public TimeSpan Grain { get; } = halfLife / 1000;

    public TimeSpan Since(long at) => time.GetElapsedTime(at);

    /// <summary>The share of what was learned then that still counts, 0 to 1.</summary>
    public double KeptSince(long at) => Math.Min(1, Math.Pow(0.5, Since(at) / halfLife));
}
