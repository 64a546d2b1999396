namespace Hybrid.Edge.Mqtt;

/// <summary>How long the next attempt waits: evenly drawn from zero to a bound that doubles (full jitter), so that a fleet does not come back at once.</summary>
internal sealed class ReconnectDelay(TimeSpan first, TimeSpan maximum, Func<double> chance)
{
    private int _failures;

    /// <param name="failure">Why the last one ended.</param>
    /// <param name="lasted">How long it took or lasted: one that lived longer than its bound starts the doubling over.</param>
    public TimeSpan Next(MqttFailure failure, TimeSpan lasted)
    {
        if (_failures > 0 && lasted > Bound(_failures - 1)) _failures = 0;
        var bound = Bound(_failures++);
        return failure.IsPermanent ? maximum * ((1 + chance()) / 2) : bound * chance();
    }

    private TimeSpan Bound(int failures) => TimeSpan.FromTicks((long)Math.Min(maximum.Ticks, first.Ticks * Math.Pow(2, failures)));
}
