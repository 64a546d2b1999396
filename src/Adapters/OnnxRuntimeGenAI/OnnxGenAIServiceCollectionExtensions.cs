using Hybrid.Configuration;
using Hybrid.Targets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Hybrid.Adapters.OnnxRuntimeGenAI;

/// <summary>Has ONNX Runtime GenAI decode on this device.</summary>
public static class OnnxGenAIServiceCollectionExtensions
{
    /// <summary>Loads the model folder that <c>Hybrid:Local:ModelPath</c> names with ONNX Runtime GenAI in place of the engine in the box.</summary>
    /// <remarks>Of that section it reads the model, its descriptor, <c>ContextLength</c> and <c>Slots</c>; with <c>GpuLayers</c> above 0 it takes CUDA.</remarks>
    public static IServiceCollection AddOnnxRuntimeGenAI(this IServiceCollection services, Func<OnnxGenAIOptions, OnnxGenAIOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton(TimeProvider.System);
        return services.Replace(ServiceDescriptor.Singleton<ILocalTargetFactory>(provider => new Factory(configure, provider.GetRequiredService<TimeProvider>())));
    }

    private sealed class Factory(Func<OnnxGenAIOptions, OnnxGenAIOptions>? configure, TimeProvider time) : ILocalTargetFactory
    {
        public async ValueTask<ITarget> LoadAsync(LocalOptions options, CancellationToken cancellationToken = default)
        {
            var start = new OnnxGenAIOptions();
            start = start with
            {
                Descriptor = options.Descriptor,
                ContextLength = options.ContextLength,
                Slots = options.Slots ?? start.Slots,
                Provider = options.GpuLayers > 0 ? OnnxProvider.Cuda : OnnxProvider.Cpu,
            };
            return await OnnxGenAIEngine.LoadAsync(options.ModelPath, configure?.Invoke(start) ?? start, time, cancellationToken);
        }
    }
}
