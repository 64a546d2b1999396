using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Hybrid.Configuration;
using Hybrid.Models.Store;

namespace Hybrid.Edge.Fleet;

/// <summary>What an operator wants of a fleet or a device.</summary>
internal sealed record DesiredDocument
{
    public const int Schema = 1;

    /// <summary>The keys of section <c>Hybrid</c> that it may set: nothing with paths on the device, and nothing that names libraries.</summary>
    private static readonly string[] Settable = [nameof(HybridOptions.Policy), nameof(HybridOptions.Privacy), nameof(HybridOptions.Policies), nameof(HybridOptions.Pools), nameof(HybridOptions.Grid), nameof(HybridOptions.Models)];
    private static readonly string[] Known = ["schema", "version", "fleet", "device", "created", "configuration", "models"];
    private static readonly JsonNodeOptions Nodes = new() { PropertyNameCaseInsensitive = true };

    /// <summary>Grows with each one.</summary>
    public required long Version { get; init; }

    public required string Fleet { get; init; }

    /// <summary>Null: all devices of the fleet.</summary>
    public string? Device { get; init; }

    public DateTimeOffset? Created { get; init; }

    /// <summary>Keys of section <c>Hybrid</c>.</summary>
    public required JsonObject Configuration { get; init; }

    /// <summary>References by the names under which the models are kept; null: not wanted after all.</summary>
    public required JsonObject Models { get; init; }

    /// <summary>Tells it from another one of the same version.</summary>
    public required string Digest { get; init; }

    /// <summary>Reads a document.</summary>
    /// <returns>Null: it is refused.</returns>
    public static DesiredDocument? Read(byte[] payload, out FleetRefusal? refusal)
    {
        refusal = null;
        JsonObject root;
        try
        {
            root = JsonNode.Parse(payload, Nodes, SignedEnvelope.Strict) as JsonObject ?? throw new JsonException("An object is expected.");
            ReadAll(root);
        }
        catch (Exception failure) when (failure is JsonException or ArgumentException or InvalidOperationException)
        {
            return Refuse(FleetRefusals.Malformed, $"the document is not JSON: {failure.Message}", out refusal);
        }

        if (Whole(root["schema"]) is not Schema)
            return Refuse(FleetRefusals.UnknownSchema, $"it is of schema {SignedEnvelope.Shown(root["schema"]?.ToJsonString() ?? "none")}, and this device knows {Schema}", out refusal);
        List<string> problems = [.. root.Where(pair => !Known.Contains(pair.Key)).Select(pair => $"{SignedEnvelope.Shown(pair.Key)}: there is no such key; there are {string.Join(", ", Known)}")];
        if (Whole(root["version"]) is not > 0) problems.Add("version: it must be a whole number above 0");
        if (!FleetReader.IsName(Text(root["fleet"]))) problems.Add("fleet: it must be a fleet's name");
        if (root["device"] is not null && !FleetReader.IsName(Text(root["device"]))) problems.Add("device: it must be a device's name");
        DateTimeOffset? created = null;
        if (root["created"] is { } at)
        {
            if (DateTimeOffset.TryParse(Text(at), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)) created = time;
            else problems.Add("created: it must be a time");
        }

        var configuration = Section(root, "configuration", problems);
        var models = Section(root, "models", problems);
        foreach (var (key, _) in configuration.Where(pair => !Settable.Contains(pair.Key)))
            problems.Add($"configuration:{SignedEnvelope.Shown(key)}: a fleet cannot set this; it can set {string.Join(", ", Settable)}");
        if (configuration[nameof(HybridOptions.Models)] is JsonObject kept && kept.Any(pair => pair.Key != nameof(ModelsOptions.Prefetch)))
            problems.Add($"configuration:{nameof(HybridOptions.Models)}: a fleet can set {nameof(ModelsOptions.Prefetch)} alone");
        if (configuration[nameof(HybridOptions.Grid)] is JsonObject grid && grid.ContainsKey(nameof(GridOptions.Path)))
            problems.Add($"configuration:{nameof(HybridOptions.Grid)}:{nameof(GridOptions.Path)}: a fleet cannot name files of a device; give a table under {nameof(GridOptions.Static)}");
        foreach (var (name, reference) in models)
        {
            if (!ModelName.TryParse(name, out _, out var problem)) problems.Add($"models:{SignedEnvelope.Shown(name)}: {problem}");
            else if (reference is not null && string.IsNullOrEmpty(Text(reference))) problems.Add($"models:{name}: it must be where the model comes from, or null");
        }

        if (problems.Count > 0) return Refuse(FleetRefusals.Invalid, string.Join("; ", problems.Take(10)), out refusal);
        return new()
        {
            Version = Whole(root["version"])!.Value,
            Fleet = Text(root["fleet"])!,
            Device = Text(root["device"]),
            Created = created,
            Configuration = configuration,
            Models = models,
            Digest = Convert.ToHexStringLower(SHA256.HashData(payload)),
        };
    }

    /// <summary>Nodes are read when they are first asked for; what is wrong with any of them should be known before.</summary>
    private static void ReadAll(JsonNode? node)
    {
        if (node is JsonObject section)
            foreach (var (_, value) in section) ReadAll(value);
        else if (node is JsonArray list)
            foreach (var value in list) ReadAll(value);
        else if (node is JsonValue text)
            text.TryGetValue(out string? _);
    }

    private static JsonObject Section(JsonObject root, string key, List<string> problems)
    {
        var node = root[key];
        if (node is not null and not JsonObject) problems.Add($"{key}: it must be an object");
        return node as JsonObject ?? new JsonObject(Nodes);
    }

    private static long? Whole(JsonNode? node) => node is JsonValue value && value.TryGetValue(out long whole) ? whole : null;

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    private static DesiredDocument? Refuse(string code, string reason, out FleetRefusal? refusal)
    {
        refusal = new(code, reason);
        return null;
    }
}
