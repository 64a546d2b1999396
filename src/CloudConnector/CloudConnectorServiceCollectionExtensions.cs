using Hybrid.CloudConnector.OpenAi;
using Hybrid.CloudConnector.OpenInference;
using Hybrid.CloudConnector.Pools;
using Hybrid.Targets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Hybrid.CloudConnector;

/// <summary>Registers the pool types of this package.</summary>
public static class CloudConnectorServiceCollectionExtensions
{
    /// <summary>Lets <c>Hybrid:Pools:NAME:Type</c> be <c>worker</c>, <c>openai</c>, <c>openinference</c> or <c>triton</c>.</summary>
    public static IServiceCollection AddCloudConnector(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<ITargetFactory, WorkerTargetFactory>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<ITargetFactory, OpenAiTargetFactory>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<ITargetFactory, OpenInferenceTargetFactory>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<ITargetFactory, TritonTargetFactory>());
        return services;
    }
}
