namespace Hybrid.Policy.Learning;

/// <summary>A generator that many threads may use.</summary>
internal sealed class EvenChance
{
    private readonly Lock _lock = new();
    private readonly Random _random = new();

    /// <summary>0 to below 1.</summary>
    public double Draw()
    {
        lock (_lock)
            return _random.NextDouble();
    }
}
