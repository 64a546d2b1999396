using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;

namespace Hybrid.Accounting;

/// <summary>Speaks the format of Great Britain's Carbon Intensity API: averages by the half hour, for <c>GB</c> or a region <c>GB-1</c> to <c>GB-17</c>.</summary>
internal sealed class UkGrid(Uri endpoint, TimeProvider time, HttpMessageHandler? handler = null) : IGridProvider
{
    public static readonly Uri DefaultEndpoint = new("https://api.carbonintensity.org.uk/");

    private const string Nation = "GB";
    private readonly GridHttp _http = new(endpoint, handler: handler);

    public string Name => "UK Carbon Intensity API";

    public IntensityKind Kind => IntensityKind.Average;

    public TimeSpan FreshFor => TimeSpan.FromMinutes(5);

    public TimeSpan ForecastFreshFor => TimeSpan.FromMinutes(30);

    /// <summary>Whether a zone is Great Britain or one of its regions, by the API's number.</summary>
    public static bool TryZone([NotNullWhen(true)] string? zone, out int? region)
    {
        region = null;
        if (string.Equals(zone, Nation, StringComparison.OrdinalIgnoreCase)) return true;
        if (zone is null || !zone.StartsWith(Nation + "-", StringComparison.OrdinalIgnoreCase)) return false;
        if (!int.TryParse(zone.AsSpan(Nation.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is < 1 or > 17) return false;
        region = number;
        return true;
    }

    public Task<double> CurrentAsync(string zone, CancellationToken cancellationToken) =>
        _http.GetAsync(Region(zone) is { } region ? $"regional/regionid/{region}" : "intensity", Current, cancellationToken);

    public Task<IReadOnlyList<GridForecastPoint>> ForecastAsync(string zone, CancellationToken cancellationToken)
    {
        var from = time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm'Z'", CultureInfo.InvariantCulture);
        var path = Region(zone) is { } region ? $"regional/intensity/{from}/fw48h/regionid/{region}" : $"intensity/{from}/fw48h";
        return _http.GetAsync(path, Forecast, cancellationToken);
    }

    public void Dispose() => _http.Dispose();

    private static int? Region(string zone) => TryZone(zone, out var region)
        ? region
        : throw new GridAnswerException($"it knows no zone '{zone}'; use GB, or GB-1 to GB-17 for a region");

    private double Current(JsonElement root)
    {
        var period = Periods(root).Select(period => (JsonElement?)period).FirstOrDefault() ?? throw new GridAnswerException("'data' is empty");
        GridJson.CheckAge(period, "from", time.GetUtcNow());
        return Grams(period, measured: true);
    }

    private static IReadOnlyList<GridForecastPoint> Forecast(JsonElement root) => ForecastPoints.Join(Periods(root)
        .Select(period => (GridJson.Time(period, "from"), (DateTimeOffset?)GridJson.Time(period, "to"), Grams(period, measured: false))));

    /// <summary>The half hours: a list, or for a region inside an object, which a question for now wraps in a list once more.</summary>
    private static IEnumerable<JsonElement> Periods(JsonElement root)
    {
        var data = GridJson.Member(root, "data");
        if (data.ValueKind == JsonValueKind.Object) return GridJson.List(data, "data");
        var periods = GridJson.List(root, "data");
        return data.GetArrayLength() > 0 && data[0].ValueKind == JsonValueKind.Object && data[0].TryGetProperty("data", out _) ? GridJson.List(data[0], "data") : periods;
    }

    /// <summary>What was measured, where it is known already; regions have forecasts only.</summary>
    private static double Grams(JsonElement period, bool measured)
    {
        var intensity = GridJson.Member(period, "intensity");
        var known = measured && intensity.ValueKind == JsonValueKind.Object && intensity.TryGetProperty("actual", out var actual) && actual.ValueKind != JsonValueKind.Null;
        return GridJson.Grams(intensity, known ? "actual" : "forecast");
    }
}
