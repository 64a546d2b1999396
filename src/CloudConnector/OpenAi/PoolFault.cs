namespace Hybrid.CloudConnector.OpenAi;

/// <summary>What a pool did wrong, before its name is put to it.</summary>
internal sealed class PoolFault(HybridError error, string reason, TimeSpan? retryAfter = null) : Exception(reason)
{
    public PoolFault(string reason)
        : this(HybridError.TargetUnavailable, reason)
    {
    }

    public HybridError Error => error;

    public TimeSpan? RetryAfter => retryAfter;
}
