using Hybrid.CloudConnector;
using Hybrid.Configuration;
using Hybrid.Policy;
using Hybrid.Targets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Hybrid.Cli.Policy;

/// <summary>A configuration that was checked as at the start of an app, without making its targets ready.</summary>
internal sealed record ConfiguredPolicies(IConfigurationRoot Root, HybridOptions Options)
{
    private const string Policies = HybridOptions.Section + ":" + nameof(HybridOptions.Policies);

    public IConfigurationSection Section => Root.GetSection(Policies);

    /// <summary>The presets, each as configured where it is, then the others by name.</summary>
    public IReadOnlyList<RoutingPolicy> All =>
    [
        .. PolicyPresets.All.Select(preset => Options.Policies.TryGetValue(preset.Name, out var own) ? own : preset),
        .. Options.Policies.Where(policy => !PolicyPresets.TryGet(policy.Key, out _)).Select(policy => policy.Value),
    ];

    /// <exception cref="HybridException">Something is wrong; the message gives every error with its key path.</exception>
    public static async Task<ConfiguredPolicies> LoadAsync(string? file)
    {
        var root = CliConfiguration.Load(file, []);
        await using var services = new ServiceCollection().AddHybrid(root).AddCloudConnector().BuildServiceProvider();
        var options = services.GetRequiredService<IOptionsMonitor<HybridOptions>>().CurrentValue;
        ITargetFactory[] factories = [.. services.GetServices<ITargetFactory>()];
        TargetList.Check(options, factories);
        await CheckSettingsAsync(options, factories);
        return new(root, options);
    }

    /// <summary>What only a pool's type understands is checked when the pool is made; making one does no I/O.</summary>
    private static async Task CheckSettingsAsync(HybridOptions options, ITargetFactory[] factories)
    {
        List<string> errors = [];
        foreach (var pool in options.Pools.Values)
        {
            try
            {
                var factory = Array.Find(factories, one => string.Equals(one.Type, pool.Type, StringComparison.OrdinalIgnoreCase));
                await using var target = factory!.Create(pool);
            }
            catch (HybridException error) when (error.Error == HybridError.Configuration)
            {
                errors.Add(error.Message);
            }
        }

        FigureRules.ThrowIfAny(errors);
    }
}
