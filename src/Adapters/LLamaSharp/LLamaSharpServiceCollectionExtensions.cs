using Hybrid.Configuration;
using Hybrid.Targets;
using LLama;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Hybrid.Adapters.LLamaSharp;

/// <summary>Has LLamaSharp decode on this device.</summary>
public static class LLamaSharpServiceCollectionExtensions
{
    /// <summary>Loads what <c>Hybrid:Local</c> names with LLamaSharp in place of the engine in the box.</summary>
    /// <remarks>Of that section it reads the model, its descriptor, <c>ContextLength</c>, <c>Slots</c>, <c>Threads</c> and <c>GpuLayers</c>.</remarks>
    public static IServiceCollection AddLLamaSharp(this IServiceCollection services, Func<LLamaSharpOptions, LLamaSharpOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton(TimeProvider.System);
        return services.Replace(ServiceDescriptor.Singleton<ILocalTargetFactory>(provider => new Factory(configure, provider.GetRequiredService<TimeProvider>())));
    }

    /// <summary>Makes weights that the app has loaded a target, beside those that are configured; the app disposes them, after the client.</summary>
    public static IServiceCollection AddLLamaSharp(this IServiceCollection services, LLamaWeights weights, LLamaSharpOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(weights);
        services.TryAddSingleton(TimeProvider.System);
        return services.AddSingleton(new AddedTarget(provider => LLamaSharpEngine.Over(weights, options, provider.GetRequiredService<TimeProvider>())));
    }

    private sealed class Factory(Func<LLamaSharpOptions, LLamaSharpOptions>? configure, TimeProvider time) : ILocalTargetFactory
    {
        public async ValueTask<ITarget> LoadAsync(LocalOptions options, CancellationToken cancellationToken = default)
        {
            var start = new LLamaSharpOptions();
            start = start with
            {
                Descriptor = options.Descriptor,
                ContextLength = options.ContextLength,
                Threads = options.Threads,
                Slots = options.Slots ?? start.Slots,
                GpuLayers = options.GpuLayers ?? start.GpuLayers,
            };
            return await LLamaSharpEngine.LoadAsync(options.ModelPath, configure?.Invoke(start) ?? start, time, cancellationToken);
        }
    }
}
