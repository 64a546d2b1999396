using Hybrid.Configuration;
using Hybrid.Targets;
using Microsoft.Extensions.Logging;

namespace Hybrid.Engines.LlamaCpp;

/// <summary>Loads the engine that section <c>Hybrid:Local</c> describes.</summary>
internal sealed class LlamaTargetFactory(TimeProvider time, ILoggerFactory? loggers = null) : ILocalTargetFactory
{
    public async ValueTask<ITarget> LoadAsync(LocalOptions options, CancellationToken cancellationToken = default) =>
        await LlamaEngine.LoadAsync(Engine(options), time, loggers, progress: null, cancellationToken);

    public async ValueTask<long> EstimateAsync(LocalOptions options, CancellationToken cancellationToken = default) =>
        await LlamaEngine.EstimateMemoryAsync(Engine(options), cancellationToken);

    private static LlamaEngineOptions Engine(LocalOptions options)
    {
        var start = new LlamaEngineOptions { ModelPath = options.ModelPath };
        return start with
        {
            Descriptor = options.Descriptor,
            ContextLength = options.ContextLength,
            Threads = options.Threads,
            Slots = options.Slots ?? start.Slots,
            KvTokens = options.KvTokens,
            MaxBatch = options.MaxBatch,
            LongestPause = options.LongestPause ?? start.LongestPause,
            PrefixCache = options.PrefixCache ?? start.PrefixCache,
            Speculation = options.Speculation ?? start.Speculation,
            DraftModelPath = options.DraftModelPath,
            Poll = options.Poll ?? start.Poll,
            GpuLayers = options.GpuLayers ?? start.GpuLayers,
            NativePath = options.LlamaPath,
        };
    }
}
