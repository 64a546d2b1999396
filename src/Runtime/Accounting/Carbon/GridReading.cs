using System.Runtime.InteropServices;

namespace Hybrid.Accounting;

/// <summary>What is known of one grid zone: an immutable snapshot.</summary>
/// <param name="Current">The intensity now; null where it is not known.</param>
/// <param name="Forecast">The intensities expected, by time and without overlap; empty where there is no forecast.</param>
public sealed record GridReading(GridIntensity? Current, IReadOnlyList<GridForecastPoint> Forecast)
{
    /// <summary>Why the intensity is not known.</summary>
    /// <value>Empty: it is known.</value>
    public string Problem { get; init; } = "";

    /// <summary>Why there is no forecast.</summary>
    /// <value>Empty: there is one, or nobody can say.</value>
    public string ForecastProblem { get; init; } = "";

    /// <summary>What is expected at a time.</summary>
    /// <returns>Grams CO2e per kWh; null where the forecast does not cover it.</returns>
    public double? ExpectedAt(DateTimeOffset time)
    {
        for (var i = 0; i < Forecast.Count; i++)
        {
            if (Forecast[i].From <= time && time < Forecast[i].Until)
                return Forecast[i].GramsPerKilowattHour;
        }

        return null;
    }
}

/// <summary>The intensity that is expected for a while.</summary>
/// <param name="From">When it begins.</param>
/// <param name="Until">When it ends; later than <paramref name="From"/>.</param>
/// <param name="GramsPerKilowattHour">Grams CO2e per kWh, 0 to 5,000.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct GridForecastPoint(DateTimeOffset From, DateTimeOffset Until, double GramsPerKilowattHour);
