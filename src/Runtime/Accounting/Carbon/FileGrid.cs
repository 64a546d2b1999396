using System.Text.Json;

namespace Hybrid.Accounting;

/// <summary>Reads intensities from a JSON file, again whenever it has changed.</summary>
/// <remarks>The file's format is in <c>docs/configuration.md</c>.</remarks>
internal sealed class FileGrid(string path, IntensityKind kind, TimeProvider time) : IGridProvider
{
    private const long MostBytes = 16 << 20;
    private readonly Lock _lock = new();
    private (DateTime Written, long Length)? _stamp;
    private Dictionary<string, (double? Now, IReadOnlyList<GridForecastPoint> Forecast)> _zones = [];
    private string? _problem;

    public string Name => $"file {Path.GetFileName(path)}";

    public IntensityKind Kind => kind;

    public TimeSpan FreshFor => TimeSpan.FromSeconds(5);

    public TimeSpan ForecastFreshFor => FreshFor;

    public bool AnswersAtOnce => true;

    public Task<double> CurrentAsync(string zone, CancellationToken cancellationToken) => Answer(() =>
    {
        var (now, forecast) = Zone(zone);
        return new GridReading(null, forecast).ExpectedAt(time.GetUtcNow()) ?? now ?? throw new GridAnswerException($"zone '{zone}' has neither 'now' nor a forecast that covers this hour");
    });

    public Task<IReadOnlyList<GridForecastPoint>> ForecastAsync(string zone, CancellationToken cancellationToken) => Answer(() =>
        Zone(zone).Forecast is { Count: > 0 } forecast ? forecast : throw new GridAnswerException($"zone '{zone}' has no forecast"));

    public void Dispose()
    {
    }

    private static Task<T> Answer<T>(Func<T> answer)
    {
        try
        {
            return Task.FromResult(answer());
        }
        catch (Exception error)
        {
            return Task.FromException<T>(error);
        }
    }

    private (double? Now, IReadOnlyList<GridForecastPoint> Forecast) Zone(string zone)
    {
        lock (_lock)
        {
            var file = new FileInfo(path);
            if (!file.Exists) throw new FileNotFoundException(null, path);
            var stamp = (file.LastWriteTimeUtc, file.Length);
            if (stamp != _stamp)
            {
                (_zones, _problem) = Load(file);
                _stamp = stamp;
            }

            if (_problem is not null) throw new GridAnswerException(_problem);
            return _zones.TryGetValue(zone, out var found) ? found : throw new GridAnswerException($"it has no zone '{zone}'");
        }
    }

    private static (Dictionary<string, (double? Now, IReadOnlyList<GridForecastPoint> Forecast)> Zones, string? Problem) Load(FileInfo file)
    {
        try
        {
            if (file.Length > MostBytes) throw new GridAnswerException($"it is longer than {MostBytes >> 20} MiB");
            using var json = JsonDocument.Parse(File.ReadAllBytes(file.FullName));
            var zones = new Dictionary<string, (double?, IReadOnlyList<GridForecastPoint>)>(StringComparer.OrdinalIgnoreCase);
            var table = GridJson.Member(json.RootElement, "zones");
            if (table.ValueKind != JsonValueKind.Object) throw new GridAnswerException("'zones' is not an object");
            foreach (var zone in table.EnumerateObject()) zones[zone.Name] = ReadZone(zone.Value);
            return (zones, null);
        }
        catch (GridAnswerException problem)
        {
            return ([], problem.Message);
        }
        catch (JsonException)
        {
            return ([], "it is not JSON");
        }
    }

    private static (double? Now, IReadOnlyList<GridForecastPoint> Forecast) ReadZone(JsonElement zone)
    {
        if (zone.ValueKind == JsonValueKind.Number) return (GridJson.Figure(zone, "a zone's figure"), []);
        if (zone.ValueKind != JsonValueKind.Object) throw new GridAnswerException("a zone is neither a number nor an object");
        double? now = zone.TryGetProperty("now", out _) ? GridJson.Grams(zone, "now") : null;
        if (!zone.TryGetProperty("forecast", out _)) return (now, []);
        return (now, ForecastPoints.Join(GridJson.List(zone, "forecast").Select(point => (
            GridJson.Time(point, "from"),
            point.TryGetProperty("until", out _) ? GridJson.Time(point, "until") : (DateTimeOffset?)null,
            GridJson.Grams(point, "gramsPerKilowattHour")))));
    }
}
