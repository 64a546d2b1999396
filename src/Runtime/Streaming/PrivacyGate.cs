using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Streaming;

/// <summary>The one place where a request is handed to a target, or a target is woken for it; one whose zone may not see it is never called.</summary>
internal static class PrivacyGate
{
    /// <summary>Sends, or throws <see cref="HybridError.NoTargetAllowed"/> before anything leaves.</summary>
    public static IAsyncEnumerable<DecodeUpdate> Send(ITarget target, DecodeRequest request, CancellationToken cancellationToken)
    {
        Check(target.Descriptor, request);
        return target.GenerateAsync(request, cancellationToken);
    }

    /// <summary>Wakes a target for a request, or throws <see cref="HybridError.NoTargetAllowed"/>: that there is such a request is not for everybody either.</summary>
    public static ValueTask WarmAsync(ITarget target, DecodeRequest request, CancellationToken cancellationToken)
    {
        Check(target.Descriptor, request);
        return target.WarmAsync(cancellationToken);
    }

    private static void Check(TargetDescriptor descriptor, DecodeRequest request)
    {
        if (descriptor.Zone.Admits(request.Privacy)) return;
        throw new HybridException(
            HybridError.NoTargetAllowed,
            $"Target '{descriptor.Name}' is in zone {descriptor.Zone}, which may not see {Walls.Name(request.Privacy)} requests. Nothing was sent.");
    }
}
