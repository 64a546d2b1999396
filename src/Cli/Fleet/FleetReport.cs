using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Hybrid.Edge.Fleet;

namespace Hybrid.Cli.Fleet;

/// <summary>What <c>hybrid fleet status</c> found.</summary>
/// <param name="Fleet">The fleet.</param>
/// <param name="Devices">By name.</param>
internal sealed record FleetReport(string Fleet, IReadOnlyList<FoundDevice> Devices)
{
    /// <summary>Whether no device refuses what it should be.</summary>
    [JsonIgnore]
    public bool AllFollow => Devices.All(device => device.Reported is null or { FleetDesired.Refused: null, DeviceDesired.Refused: null });

    public string ToText()
    {
        if (Devices.Count == 0) return $"No device of fleet {Fleet} has said anything yet.\n";
        string[] head = ["device", "state", "said", "agent", "fleet", "own", "models", "requests", "dollars", "grams", "waiting"];
        string[][] rows = [head, .. Devices.Select(Row)];
        var widths = head.Select((_, column) => rows.Max(row => row[column].Length)).ToArray();
        var text = new StringBuilder();
        foreach (var row in rows) text.AppendLine(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        foreach (var device in Devices)
        {
            foreach (var (scope, desired) in new[] { ("fleet", device.Reported?.FleetDesired), ("own", device.Reported?.DeviceDesired) })
                if (desired?.Refused is { } refused) text.AppendLine(CultureInfo.InvariantCulture, $"{device.Device} refuses {scope} version {refused.Version?.ToString(CultureInfo.InvariantCulture) ?? "?"} ({FleetSettings.Plain(refused.Code)}): {FleetSettings.Plain(refused.Reason)}");
            if (device.Reported?.RestartRequired is { Count: > 0 } sections) text.AppendLine(CultureInfo.InvariantCulture, $"{device.Device} needs a restart for {FleetSettings.Plain(string.Join(", ", sections))}");
            foreach (var model in device.Reported?.Models.Where(model => model.State == "failed") ?? []) text.AppendLine(CultureInfo.InvariantCulture, $"{device.Device} could not fetch {FleetSettings.Plain(model.Name)}: {FleetSettings.Plain(model.Reason)}");
        }

        return text.ToString();
    }

    public string ToJson() => JsonSerializer.Serialize(this, FleetReportJson.Default.FleetReport);

    private static string[] Row(FoundDevice device) =>
    [
        device.Device,
        device.Online ? "online" : "offline",
        device.Reported?.At.ToString("u", CultureInfo.InvariantCulture) ?? "-",
        FleetSettings.Plain(device.Reported?.Agent ?? "-"),
        Version(device.Reported?.FleetDesired),
        Version(device.Reported?.DeviceDesired),
        (device.Reported?.Models.Count(model => model.State == "present") ?? 0).ToString(CultureInfo.InvariantCulture),
        (device.Reported?.Spend.Requests ?? 0).ToString(CultureInfo.InvariantCulture),
        (device.Reported?.Spend.Dollars ?? 0).ToString("0.####", CultureInfo.InvariantCulture),
        (device.Reported?.Spend.Grams ?? 0).ToString("0.##", CultureInfo.InvariantCulture),
        (device.Reported?.Outbox?.Waiting ?? 0).ToString(CultureInfo.InvariantCulture),
    ];

    private static string Version(ReportedDesired? desired) =>
        desired is null ? "-" : (desired.Applied?.ToString(CultureInfo.InvariantCulture) ?? "-") + (desired.Refused is null ? "" : "!");
}

/// <summary>A device as it says it is.</summary>
/// <param name="Device">Its name.</param>
/// <param name="Online">Whether it is there.</param>
/// <param name="Reported">What it said last; null: nothing that could be read.</param>
internal sealed record FoundDevice(string Device, bool Online, ReportedState? Reported);

/// <summary>The report's JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(FleetReport))]
internal sealed partial class FleetReportJson : JsonSerializerContext;
