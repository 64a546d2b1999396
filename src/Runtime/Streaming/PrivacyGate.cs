using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Streaming;

/// <summary>The one place where a request is handed to a target; a target whose zone may not see it is never called.</summary>
internal static class PrivacyGate
{
    /// <summary>Sends, or throws <see cref="HybridError.NoTargetAllowed"/> before anything leaves.</summary>
    public static IAsyncEnumerable<DecodeUpdate> Send(ITarget target, DecodeRequest request, CancellationToken cancellationToken)
    {
        var descriptor = target.Descriptor;
        if (!descriptor.Zone.Admits(request.Privacy))
        {
            throw new HybridException(
                HybridError.NoTargetAllowed,
                $"Target '{descriptor.Name}' is in zone {descriptor.Zone}, which may not see {Walls.Name(request.Privacy)} requests. Nothing was sent.");
        }

        return target.GenerateAsync(request, cancellationToken);
    }
}
