using System.Runtime.CompilerServices;
using Hybrid.Engines.LlamaCpp;
using Hybrid.Streaming;
using Hybrid.Targets;

namespace Hybrid.Engines.Residency;

/// <summary>A model of <see cref="ResidentModels"/> as a target: loads on first use and holds the model while it streams.</summary>
/// <remarks>Thread-safe. A caller who cancels stops waiting, not the load.</remarks>
internal sealed class ResidentTarget(Residences models, ResidentModel model) : ITarget, ITokenCounter, IEmbeddingTarget
{
    private readonly CancellationTokenSource _stopping = new();
    private volatile TargetDescriptor _descriptor = model.Descriptor;

    public ResidentModel Model => model;

    /// <summary>As configured; once it was loaded, with the model's own context length, capabilities and size.</summary>
    public TargetDescriptor Descriptor => _descriptor;

    public TargetState State => models.StateOf(this);

    /// <summary>Cancelled when this target is disposed.</summary>
    public CancellationToken Stopping => _stopping.Token;

    /// <summary>The stay that takes new requests; under the lock of the models, like all below.</summary>
    public Residence? Current { get; set; }

    /// <summary>Known after the first estimate, until a load fails.</summary>
    public long? Bytes { get; set; }

    public (HybridException Error, long At)? Failure { get; set; }

    public bool Disposed { get; set; }

    public async IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        using var use = model.OnUse?.Invoke();
        using var lease = await models.AcquireAsync(this, warming: false, request.Deadline, cancellationToken);
        await foreach (var update in PrivacyGate.Send(lease.Target, request, cancellationToken).WithCancellation(cancellationToken)) yield return update;
    }

    public async ValueTask WarmAsync(CancellationToken cancellationToken = default)
    {
        using var lease = await models.AcquireAsync(this, warming: true, deadline: null, cancellationToken);
        await lease.Target.WarmAsync(cancellationToken);
    }

    public async Task<EmbeddingResult> EmbedAsync(IReadOnlyList<string> texts, CancellationToken cancellationToken = default)
    {
        using var use = model.OnUse?.Invoke();
        using var lease = await models.AcquireAsync(this, warming: false, deadline: null, cancellationToken);
        return lease.Target is IEmbeddingTarget embedder
            ? await embedder.EmbedAsync(texts, cancellationToken)
            : throw new HybridException(HybridError.InvalidRequest, $"Model '{Descriptor.Model}' does not give embeddings.");
    }

    /// <summary>Counts with the model where it is loaded; else estimates from the text's length.</summary>
    public int CountTokens(IReadOnlyList<PromptMessage> messages)
    {
        if (models.Find(this, counts: false) is not { } peek) return TokenEstimate.OfMessages(messages);
        using (peek)
            return peek.Target is ITokenCounter counter ? counter.CountTokens(messages) : TokenEstimate.OfMessages(messages);
    }

    /// <summary>Where the loaded model runs, and why there; null where none is loaded, or its engine does not say.</summary>
    public string? WhereItRuns()
    {
        using var peek = models.Find(this, counts: false);
        return (peek?.Target as LlamaEngine)?.Placement;
    }

    public async ValueTask DisposeAsync()
    {
        var ending = models.Remove(this);
        await _stopping.CancelAsync();
        await ending;
    }

    /// <summary>Takes over what the loaded model knows of itself.</summary>
    public void Learn(TargetDescriptor loaded) => _descriptor = model.Descriptor with
    {
        ContextLength = Math.Min(model.Descriptor.ContextLength, loaded.ContextLength),
        Capabilities = loaded.Capabilities,
        ParametersBillions = model.Descriptor.ParametersBillions > 0 ? model.Descriptor.ParametersBillions : loaded.ParametersBillions,
        Quality = model.Descriptor.Quality ?? loaded.Quality,
    };

    public HybridException Unavailable(string what, Exception? inner = null) =>
        new(HybridError.TargetUnavailable, $"Target '{model.Descriptor.Name}' {what}.", inner);
}
