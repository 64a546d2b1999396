using Hybrid.Configuration;
using Hybrid.Targets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Hybrid.Edge.Fleet;

/// <summary>Ways to tell whether an app is well under a new state, or would be.</summary>
public static class FleetHealth
{
    /// <summary>Asks the runtime of a service provider whether it took the policies that are configured.</summary>
    public static Func<CancellationToken, Task<string?>> OfPolicies(IServiceProvider services)
    {
        ArgumentNullException.ThrowIfNull(services);
        return _ => Task.FromResult(services.GetRequiredService<PolicySource>().Problem);
    }

    /// <summary>Asks whether the pools that are wanted can be made by what a service provider has, for <see cref="FleetDeviceParts.Check"/>: they are made at the next start only.</summary>
    /// <param name="services">Has the factories of pools.</param>
    /// <param name="device">How the device is configured without its fleet.</param>
    public static Func<IReadOnlyDictionary<string, string?>, IReadOnlyList<string>> OfTargets(IServiceProvider services, IConfiguration device)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(device);
        return settings =>
        {
            var options = new HybridOptions();
            new HybridOptionsReader(new ConfigurationBuilder().AddConfiguration(device).AddInMemoryCollection(settings).Build().GetSection(HybridOptions.Section)).Configure(options);
            options.Errors.Clear(); // they are told without this
            try
            {
                TargetList.Check(options, [.. services.GetServices<ITargetFactory>()], hasAdded: true);
                return [];
            }
            catch (HybridException refusal)
            {
                return [refusal.Message];
            }
        };
    }
}
