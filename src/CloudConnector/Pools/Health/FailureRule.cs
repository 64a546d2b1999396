using Hybrid.Network;

namespace Hybrid.CloudConnector.Pools.Health;

/// <summary>Which faults speak against a replica, and which are worth another try.</summary>
internal static class FailureRule
{
    /// <summary>A deadline that passes after so long without anything is the replica's fault; before, the caller's.</summary>
    private static readonly TimeSpan LongEnough = TimeSpan.FromSeconds(1);

    /// <summary>5xx, gateways and connections; never what is wrong with the request (4xx), nor that it is full.</summary>
    /// <param name="error">How the attempt ended.</param>
    /// <param name="silentFor">How long nothing came at all; null: something came.</param>
    public static bool IsReplicas(HybridError error, TimeSpan? silentFor) => error switch
    {
        HybridError.TargetUnavailable or HybridError.Internal or HybridError.ModelFile or HybridError.NativeLibrary or HybridError.Storage => true,
        HybridError.DeadlineExceeded => silentFor >= LongEnough,
        _ => false,
    };

    /// <summary>Whether its connection could not be made or broke, as of a process that ended; not where the other end reset a stream on purpose.</summary>
    public static bool IsGone(Exception fault)
    {
        for (Exception? cause = fault; cause is not null; cause = cause.InnerException)
        {
            if (cause is HttpProtocolException) return false;
            if (cause is IOException) return true;
        }

        return BrokenConnection.Is(fault);
    }

    /// <summary>What another replica, or the same one a little later, may well answer.</summary>
    public static bool IsWorthAnother(HybridError error) =>
        error is HybridError.TargetUnavailable or HybridError.Internal or HybridError.ModelFile or HybridError.NativeLibrary or HybridError.Storage or HybridError.Busy;
}
