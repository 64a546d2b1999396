using Hybrid.Engines.LlamaCpp;
using Hybrid.Targets;

namespace Hybrid.CloudWorker.Hosting;

/// <summary>The local engine as the worker's models.</summary>
internal static class EngineModel
{
    /// <summary>The models in the order in which the options name them.</summary>
    public static IReadOnlyList<HostedModel> All(WorkerOptions options, TimeProvider time) => [.. options.Served.Select((model, i) =>
    {
        var engine = Options(options, model, drafts: i == 0);
        return new HostedModel(
            Describe(model),
            async cancellationToken => await LlamaEngine.LoadAsync(engine, time, cancellationToken: cancellationToken),
            async cancellationToken => await LlamaEngine.EstimateMemoryAsync(engine, cancellationToken),
            new ModelDigest());
    })];

    private static TargetDescriptor Describe(ServedModel model) => new()
    {
        Name = model.Id,
        Model = model.Id,
        Zone = Zone.Device,
        Capabilities = TargetCapabilities.Chat | TargetCapabilities.Text | TargetCapabilities.Tokens | TargetCapabilities.Continuation | TargetCapabilities.Embeddings,
    };

    private static LlamaEngineOptions Options(WorkerOptions options, ServedModel model, bool drafts)
    {
        var start = new LlamaEngineOptions { ModelPath = model.Path };
        return start with
        {
            Descriptor = Describe(model),
            ContextLength = options.Context > 0 ? options.Context : null,
            Slots = options.Slots > 0 ? options.Slots : start.Slots,
            KvTokens = options.KvTokens > 0 ? options.KvTokens : null,
            DraftModelPath = drafts ? options.DraftModel : null,
            Threads = options.Threads > 0 ? options.Threads : null,
            Poll = options.Poll ?? start.Poll,
            QueueCapacity = options.Queue,
        };
    }
}
