using Hybrid.Accounting;

namespace Hybrid.Configuration;

/// <summary>Where grid intensities come from: section <c>Hybrid:Grid</c>.</summary>
public sealed record GridOptions
{
    /// <summary>The table in <see cref="Static"/>.</summary>
    public const string StaticType = "static";

    /// <summary>The file at <see cref="Path"/>.</summary>
    public const string FileType = "file";

    /// <summary>Electricity Maps' format, version 3.</summary>
    public const string ElectricityMapsType = "electricity-maps";

    /// <summary>The format of Great Britain's Carbon Intensity API.</summary>
    public const string UkType = "uk";

    /// <summary>Which source.</summary>
    /// <value><c>static</c></value>
    public string Type { get; init; } = StaticType;

    /// <summary>What the figures of a table or a file stand for; the providers' are averages.</summary>
    /// <value><see cref="IntensityKind.Average"/></value>
    public IntensityKind Kind { get; init; } = IntensityKind.Average;

    /// <summary>Grams CO2e per kWh by zone, 0 to 5,000.</summary>
    public IReadOnlyDictionary<string, double> Static { get; init; } = new Dictionary<string, double>();

    /// <summary>The file; from configuration, a relative path starts at the app's folder.</summary>
    public string? Path { get; init; }

    /// <summary>The provider's address.</summary>
    /// <value>Null: its public one.</value>
    public Uri? Endpoint { get; init; }

    /// <summary>The key that the provider asks for; never logged.</summary>
    public string? ApiKey { get; init; }

    /// <summary>The type and address; not the key.</summary>
    public override string ToString() => $"{Type} ({Endpoint?.ToString() ?? Path ?? $"{Static.Count} zones"})";
}
