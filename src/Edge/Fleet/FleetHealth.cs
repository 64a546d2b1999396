using Hybrid.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Hybrid.Edge.Fleet;

/// <summary>Ways to tell whether an app is well under a new state.</summary>
public static class FleetHealth
{
    /// <summary>Asks the runtime of a service provider whether it took the policies that are configured.</summary>
    public static Func<CancellationToken, Task<string?>> OfPolicies(IServiceProvider services)
    {
        ArgumentNullException.ThrowIfNull(services);
        return _ => Task.FromResult(services.GetRequiredService<PolicySource>().Problem);
    }
}
