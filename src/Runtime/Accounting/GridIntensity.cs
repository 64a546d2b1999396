namespace Hybrid.Accounting;

/// <summary>How dirty a kilowatt hour is, and how that is known.</summary>
/// <param name="GramsPerKilowattHour">Grams CO2e per kWh, 0 or more.</param>
/// <param name="Kind">Which of the two figures it is; they are never mixed.</param>
/// <param name="Source">Who says so, for explanations.</param>
/// <param name="Provenance">How fresh it is.</param>
public sealed record GridIntensity(double GramsPerKilowattHour, IntensityKind Kind, string Source, IntensityProvenance Provenance);

/// <summary>What a figure of grid intensity stands for.</summary>
public enum IntensityKind
{
    /// <summary>Of all power on the grid.</summary>
    Average,

    /// <summary>Of the power that one more kilowatt hour would bring in.</summary>
    Marginal,
}

/// <summary>How a figure of grid intensity is known.</summary>
public enum IntensityProvenance
{
    /// <summary>Stated in the configuration.</summary>
    Static,

    /// <summary>Just asked.</summary>
    Live,

    /// <summary>Asked a while ago and still valid.</summary>
    Cached,

    /// <summary>The provider could not be reached or gave nonsense; the stated default.</summary>
    Default,
}
