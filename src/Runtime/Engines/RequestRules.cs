using Hybrid.Engines.Sampling;
using Hybrid.Targets;

namespace Hybrid.Engines;

/// <summary>What every engine asks of a request before it decodes.</summary>
internal static class RequestRules
{
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(40);

    /// <summary>Refuses numbers out of range, and what an engine cannot do rather than leaving it out.</summary>
    /// <exception cref="HybridException">The request cannot be answered as it is (<see cref="HybridError.InvalidRequest"/>).</exception>
    public static void Check(DecodeRequest request, TargetCapabilities can, string engine)
    {
        SamplingOptionsValidator.Validate(request.Sampling);
        if (request.MaxTokens is < 1)
            throw new HybridException(HybridError.InvalidRequest, $"MaxTokens is {request.MaxTokens}; use 1 or more. Nothing was decoded.");
        if ((request.Needs & ~can) is var missing and not TargetCapabilities.None)
            throw new HybridException(HybridError.InvalidRequest, $"{engine} cannot do what the request needs: {missing}. Nothing was decoded; leave it out, or use the llama.cpp engine in the box.");
    }

    /// <summary>Ends with the request's deadline; null where it has none.</summary>
    /// <exception cref="HybridException">It has passed (<see cref="HybridError.DeadlineExceeded"/>).</exception>
    public static CancellationTokenSource? Deadline(DecodeRequest request, TimeProvider time)
    {
        if (request.Deadline is not { } deadline)
            return null;
        var left = deadline - time.GetUtcNow();
        if (left <= TimeSpan.Zero)
            throw new HybridException(HybridError.DeadlineExceeded, $"The deadline {deadline:O} had passed before decoding began. Nothing was decoded.");
        return new CancellationTokenSource(left < LongestTimer ? left : LongestTimer, time);
    }
}
