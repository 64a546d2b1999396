using Hybrid.Targets;

namespace Hybrid.CloudWorker.Hosting;

/// <summary>A model as clients meet it.</summary>
/// <param name="target">Loads on first use and unloads when it may.</param>
/// <param name="digest">The SHA-256 of its file.</param>
/// <param name="waits">
/// Whether requests wait for a load, as at the front of a pool scaled to zero; else they are refused until the model is warm.
/// </param>
internal sealed class ModelHost(ITarget target, ModelDigest digest, bool waits) : ITarget, IEmbeddingTarget
{
    public TargetDescriptor Descriptor => target.Descriptor;

    /// <summary>What clients ask for.</summary>
    public string Id { get; } = target.Descriptor.Model;

    public ModelDigest Digest => digest;

    /// <summary>Tokens of prompt and answer together; 0 while the model was never loaded.</summary>
    public int ContextLength => Descriptor.ContextLength is int.MaxValue ? 0 : Descriptor.ContextLength;

    public TargetState State => target.State;

    public ValueTask WarmAsync(CancellationToken cancellationToken = default) => target.WarmAsync(cancellationToken);

    public IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, CancellationToken cancellationToken = default)
    {
        RequireWarm();
        return target.GenerateAsync(request, cancellationToken);
    }

    public Task<EmbeddingResult> EmbedAsync(IReadOnlyList<string> texts, CancellationToken cancellationToken = default)
    {
        RequireWarm();
        return ((IEmbeddingTarget)target).EmbedAsync(texts, cancellationToken);
    }

    public ValueTask DisposeAsync() => target.DisposeAsync();

    private void RequireWarm()
    {
        if (!waits && State is { Readiness: TargetReadiness.Cold or TargetReadiness.Warming or TargetReadiness.Unavailable } state)
            throw new HybridException(HybridError.TargetUnavailable, $"Model '{Id}' is not ready: {state.Reason}.");
    }
}
