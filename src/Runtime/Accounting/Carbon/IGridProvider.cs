namespace Hybrid.Accounting;

/// <summary>One place that can be asked for grid intensities; <see cref="CachedGrid"/> decides when.</summary>
/// <remarks>What cannot be used is a <see cref="GridAnswerException"/>; any other exception counts as out of reach.</remarks>
internal interface IGridProvider : IDisposable
{
    /// <summary>Who says so, for explanations; holds no secret.</summary>
    string Name { get; }

    IntensityKind Kind { get; }

    /// <summary>How long an answer is not asked for again.</summary>
    TimeSpan FreshFor { get; }

    /// <summary>How long a forecast is not asked for again.</summary>
    TimeSpan ForecastFreshFor { get; }

    /// <summary>Whether it answers without waiting, so that the first question may be asked at once.</summary>
    bool AnswersAtOnce => false;

    /// <summary>Grams CO2e per kWh now, 0 to 5,000.</summary>
    Task<double> CurrentAsync(string zone, CancellationToken cancellationToken);

    Task<IReadOnlyList<GridForecastPoint>> ForecastAsync(string zone, CancellationToken cancellationToken);
}

/// <summary>A provider's answer that cannot be used; the message completes "the provider: ...".</summary>
internal sealed class GridAnswerException(string message, Exception? inner = null) : Exception(message, inner);
