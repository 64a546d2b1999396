using System.Text.Json;
using Hybrid.Json;
using Hybrid.Policy;
using Microsoft.Extensions.Configuration;

namespace Hybrid.Configuration;

/// <summary>One figure of a policy, and where it was set.</summary>
/// <param name="Key">Its key in the configuration.</param>
/// <param name="Value">As JSON; <c>null</c> where none is set.</param>
/// <param name="Preset">The preset it comes from.</param>
/// <param name="Path">The key path it was configured at; null where it comes from the preset.</param>
internal sealed record PolicyFigure(string Key, string Value, string Preset, string? Path);

/// <summary>Follows a policy's bases back to where each figure was set.</summary>
/// <remarks>For a configuration that was read without errors.</remarks>
internal static class PolicyOrigins
{
    /// <summary>The policies that it inherits from, the nearest first; the last is a preset.</summary>
    public static IReadOnlyList<string> Bases(string name, IConfigurationSection policies)
    {
        var (sections, preset) = Chain(name, policies);
        return [.. sections.Skip(1).Select(section => section.Key), .. sections.Count > 0 ? [preset] : Array.Empty<string>()];
    }

    public static IReadOnlyList<PolicyFigure> Of(RoutingPolicy policy, IConfigurationSection policies)
    {
        var (sections, preset) = Chain(policy.Name, policies);
        List<PolicyFigure> figures = [];
        foreach (var property in HybridJson.Default.RoutingPolicy.Properties)
        {
            if (property.Get is not { } get || property.Name == "name") continue;
            var key = char.ToUpperInvariant(property.Name[0]) + property.Name[1..];
            var set = sections.Select(section => section.GetSection(key)).FirstOrDefault(one => one.GetChildren().Any() || !string.IsNullOrEmpty(one.Value));
            var value = get(policy) is { } given ? JsonSerializer.Serialize(given, HybridJson.Default.Options.GetTypeInfo(property.PropertyType)) : "null";
            figures.Add(new(key, value, preset, set?.Path));
        }

        return figures;
    }

    private static (IReadOnlyList<IConfigurationSection> Sections, string Preset) Chain(string name, IConfigurationSection policies)
    {
        List<IConfigurationSection> chain = [];
        while (policies.GetChildren().FirstOrDefault(child => string.Equals(child.Key, name, StringComparison.OrdinalIgnoreCase)) is { } section && !chain.Exists(one => one.Path == section.Path))
        {
            chain.Add(section);
            if (section["Base"] is not { Length: > 0 } start)
                return (chain, PolicyPresets.Balanced.Name);
            name = start;
        }

        return (chain, PolicyPresets.TryGet(name, out var preset) ? preset.Name : name);
    }
}
