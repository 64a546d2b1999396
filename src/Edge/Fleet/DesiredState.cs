using System.Text.Json;
using System.Text.Json.Nodes;
using Hybrid.Configuration;
using Microsoft.Extensions.Configuration;

namespace Hybrid.Edge.Fleet;

/// <summary>What a device should be: the fleet's document, and the device's own over it.</summary>
/// <remarks>Objects are merged key by key, all else is replaced, and null takes a key away, as RFC 7396 says.</remarks>
internal sealed class DesiredState
{
    private DesiredState(Dictionary<string, string?> settings, IReadOnlyDictionary<string, string> models) => (Settings, Models) = (settings, models);

    /// <summary>Nothing.</summary>
    public static DesiredState None { get; } = new([], new Dictionary<string, string>());

    /// <summary>Configuration by path.</summary>
    public IReadOnlyDictionary<string, string?> Settings { get; }

    /// <summary>References by name.</summary>
    public IReadOnlyDictionary<string, string> Models { get; }

    public static DesiredState Of(DesiredDocument? fleet, DesiredDocument? device)
    {
        JsonObject configuration = Merge(fleet?.Configuration, device?.Configuration), models = Merge(fleet?.Models, device?.Models);
        var settings = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        Flatten(HybridOptions.Section, configuration, settings);
        return new(settings, models.Where(pair => pair.Value is not null).ToDictionary(pair => pair.Key, pair => pair.Value!.GetValue<string>(), StringComparer.Ordinal));
    }

    /// <summary>What is wrong with it on a device that is configured so, each with the path of the bad key.</summary>
    public IReadOnlyList<string> Problems(IConfiguration? device)
    {
        var before = device is null ? [] : Errors(new ConfigurationBuilder().AddConfiguration(device));
        var builder = new ConfigurationBuilder();
        if (device is not null) builder.AddConfiguration(device);
        return [.. Errors(builder.AddInMemoryCollection(Settings)).Except(before, StringComparer.Ordinal)];
    }

    private static List<string> Errors(IConfigurationBuilder builder)
    {
        var options = new HybridOptions();
        new HybridOptionsReader(builder.Build().GetSection(HybridOptions.Section)).Configure(options);
        List<string> errors = [.. options.Errors];
        foreach (var (name, policy) in options.Policies) FigureRules.Check(policy, $"{HybridOptions.Section}:{nameof(options.Policies)}:{name}", errors);
        return [.. errors.Distinct(StringComparer.Ordinal)];
    }

    private static JsonObject Merge(JsonObject? under, JsonObject? over)
    {
        var merged = (JsonObject)(under?.DeepClone() ?? new JsonObject(new JsonNodeOptions { PropertyNameCaseInsensitive = true }));
        Patch(merged, over);
        return merged;
    }

    private static void Patch(JsonObject target, JsonObject? patch)
    {
        foreach (var (key, value) in patch ?? [])
        {
            if (value is null) target.Remove(key);
            else if (value is JsonObject inner && target[key] is JsonObject old) Patch(old, inner);
            else target[key] = value.DeepClone();
        }
    }

    private static void Flatten(string path, JsonNode? node, Dictionary<string, string?> settings)
    {
        switch (node)
        {
            case JsonObject section:
                foreach (var (key, value) in section) Flatten($"{path}:{key}", value, settings);
                break;
            case JsonArray list:
                for (var i = 0; i < list.Count; i++) Flatten($"{path}:{i}", list[i], settings);
                break;
            case JsonValue value:
                settings[path] = value.GetValueKind() is JsonValueKind.String ? value.GetValue<string>() : value.ToJsonString();
                break;
        }
    }
}
