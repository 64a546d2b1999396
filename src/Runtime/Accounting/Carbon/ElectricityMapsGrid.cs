using System.Text.Json;

namespace Hybrid.Accounting;

/// <summary>Speaks the format of Electricity Maps, version 3: averages with imports, by zone.</summary>
internal sealed class ElectricityMapsGrid(Uri endpoint, string apiKey, TimeProvider time, HttpMessageHandler? handler = null) : IGridProvider
{
    public static readonly Uri DefaultEndpoint = new("https://api.electricitymaps.com/v3/");

    private readonly GridHttp _http = new(endpoint, ("auth-token", apiKey), handler);

    public string Name => "Electricity Maps";

    public IntensityKind Kind => IntensityKind.Average;

    public TimeSpan FreshFor => TimeSpan.FromMinutes(5);

    public TimeSpan ForecastFreshFor => TimeSpan.FromMinutes(30);

    public Task<double> CurrentAsync(string zone, CancellationToken cancellationToken) =>
        _http.GetAsync($"carbon-intensity/latest?zone={Uri.EscapeDataString(zone)}", root => Current(root, zone), cancellationToken);

    public Task<IReadOnlyList<GridForecastPoint>> ForecastAsync(string zone, CancellationToken cancellationToken) =>
        _http.GetAsync($"carbon-intensity/forecast?zone={Uri.EscapeDataString(zone)}", root => Forecast(root, zone), cancellationToken);

    public void Dispose() => _http.Dispose();

    private double Current(JsonElement root, string zone)
    {
        CheckZone(root, zone);
        GridJson.CheckAge(root, "datetime", time.GetUtcNow());
        return GridJson.Grams(root, "carbonIntensity");
    }

    private static IReadOnlyList<GridForecastPoint> Forecast(JsonElement root, string zone)
    {
        CheckZone(root, zone);
        return ForecastPoints.Join(GridJson.List(root, "forecast")
            .Select(point => (GridJson.Time(point, "datetime"), (DateTimeOffset?)null, GridJson.Grams(point, "carbonIntensity"))));
    }

    private static void CheckZone(JsonElement root, string zone)
    {
        if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("zone", out var told) && told.ValueKind == JsonValueKind.String
            && !string.Equals(told.GetString(), zone, StringComparison.OrdinalIgnoreCase))
        {
            throw new GridAnswerException($"it was asked for zone '{zone}' and answered for another");
        }
    }
}
