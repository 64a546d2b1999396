namespace Hybrid.Accounting;

/// <summary>Knows how dirty the power of a grid zone is, now and later.</summary>
/// <remarks>Thread-safe. All figures of one source are of the same <see cref="IntensityKind"/>.</remarks>
public interface IGridIntensitySource
{
    /// <summary>What is known of a zone at this moment; never waits and never throws.</summary>
    /// <param name="zone">As the source names it, such as <c>DE</c>.</param>
    GridReading Read(string zone);

    /// <summary>Waits until a question that is under way is answered or given up; for those who have the time.</summary>
    ValueTask ReadyAsync(string zone, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;
}
