namespace Hybrid.Targets;

/// <summary>Something that can decode: the engine on this device, or a pool.</summary>
/// <remarks>Thread-safe. Whoever created a target disposes it; disposing ends its running streams with an error.</remarks>
public interface ITarget : IAsyncDisposable
{
    /// <summary>What is known of the target before it is asked.</summary>
    TargetDescriptor Descriptor { get; }

    /// <summary>What is known of the target now: an immutable snapshot, swapped whole.</summary>
    TargetState State { get; }

    /// <summary>Streams an answer. The last update, and only it, has a <see cref="DecodeUpdate.Completion"/>.</summary>
    /// <remarks>
    /// Cancelling throws <see cref="OperationCanceledException"/>, never a completion; every other failure is a
    /// <see cref="HybridException"/>. Text comes in whole UTF-8 sequences, without stop strings.
    /// </remarks>
    IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, CancellationToken cancellationToken = default);

    /// <summary>Makes the target ready to decode; returns at once when it is.</summary>
    ValueTask WarmAsync(CancellationToken cancellationToken = default);
}
