using Hybrid.Engines.LlamaCpp;
using Hybrid.Targets;

namespace Hybrid.CloudWorker.Hosting;

/// <summary>The local engine as the worker's model.</summary>
internal static class EngineModel
{
    public static TargetDescriptor Describe(WorkerOptions options) => new()
    {
        Name = options.ModelName,
        Model = options.ModelName,
        Zone = Zone.Device,
        Capabilities = TargetCapabilities.Chat | TargetCapabilities.Text | TargetCapabilities.Tokens | TargetCapabilities.Continuation | TargetCapabilities.Embeddings,
    };

    public static Func<CancellationToken, Task<ITarget>> Loader(WorkerOptions options, TimeProvider time, ILoggerFactory? loggers = null) =>
        async cancellationToken =>
        {
            var start = new LlamaEngineOptions { ModelPath = options.Model };
            return await LlamaEngine.LoadAsync(
                start with
                {
                    Descriptor = Describe(options),
                    ContextLength = options.Context > 0 ? options.Context : null,
                    Slots = options.Slots > 0 ? options.Slots : start.Slots,
                    KvTokens = options.KvTokens > 0 ? options.KvTokens : null,
                    DraftModelPath = options.DraftModel,
                    Threads = options.Threads > 0 ? options.Threads : null,
                    Poll = options.Poll ?? start.Poll,
                    QueueCapacity = options.Queue,
                },
                time,
                loggers,
                progress: null,
                cancellationToken);
        };
}
