namespace Hybrid.Accounting;

/// <summary>Two meters of different parts of one machine, added up; it tells where both do.</summary>
internal sealed class SumCounter(IJouleCounter first, IJouleCounter second) : IJouleCounter, IDisposable
{
    public string Name => $"{first.Name} + {second.Name}";

    public bool TryRead(out double joules)
    {
        // Both are read, whatever the first says: else the second's next reading would hold this stretch too.
        var whole = first.TryRead(out var one) & second.TryRead(out var other);
        joules = one + other;
        return whole;
    }

    public void Dispose()
    {
        (first as IDisposable)?.Dispose();
        (second as IDisposable)?.Dispose();
    }
}
