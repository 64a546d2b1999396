using Hybrid.Configuration;
using Hybrid.Policy;
using Microsoft.Extensions.Configuration;

namespace Hybrid.Cli.Policy;

/// <summary>Takes one policy out of a configuration file; its targets and all else are not looked at.</summary>
internal static class PolicyFile
{
    /// <param name="path">A JSON file with a section <c>Hybrid</c>; null: presets alone.</param>
    /// <param name="name">Which policy; null: the file's default, or the only one it has.</param>
    public static RoutingPolicy Read(string? path, string? name)
    {
        IReadOnlyDictionary<string, RoutingPolicy> policies = new Dictionary<string, RoutingPolicy>();
        if (path is not null)
        {
            var section = CliConfiguration.LoadFile("--policy", path).GetSection(HybridOptions.Section);
            List<string> errors = [];
            var reader = new SectionReader(section, errors);
            policies = new PolicyReader([.. reader.Sections(nameof(HybridOptions.Policies))]).ReadAll();
            FigureRules.ThrowIfAny(errors);
            name ??= reader.Text(nameof(HybridOptions.Policy)) ?? (policies.Count == 1 ? policies.Keys.Single() : null);
        }

        if (name is not null && (policies.TryGetValue(name, out var policy) || PolicyPresets.TryGet(name, out policy)))
            return policy;
        var names = string.Join(", ", policies.Keys.Concat(PolicyPresets.All.Select(preset => preset.Name)).Distinct(StringComparer.OrdinalIgnoreCase));
        throw new HybridException(
            HybridError.InvalidRequest,
            name is null ? $"Which policy? Name one with --name; there are {names}." : $"There is no policy '{name}'; there are {names}.");
    }
}
