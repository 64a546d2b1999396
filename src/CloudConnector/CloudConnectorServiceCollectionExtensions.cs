using System.Diagnostics.CodeAnalysis;
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
        AddPools<WorkerTargetFactory>(services);
        AddPools<OpenAiTargetFactory>(services);
        AddPools<OpenInferenceTargetFactory>(services);
        AddPools<TritonTargetFactory>(services);
        return services;
    }

    /// <summary>Registers a type of pool by what makes one replica of it.</summary>
    private static void AddPools<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TReplicas>(IServiceCollection services)
        where TReplicas : class, ITargetFactory
    {
        services.TryAddSingleton<TReplicas>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<ITargetFactory, PoolTargetFactory<TReplicas>>());
    }
}
