using Microsoft.Extensions.Logging;

namespace Hybrid.CloudConnector.Pools;

/// <summary>What pools tell the log; names only, never text or addresses.</summary>
internal static partial class PoolLog
{
    [LoggerMessage(1501, LogLevel.Warning, "Pool {Pool}: replica {Replica} failed {Failures} times in a row and is left out for {Seconds} s.")]
    public static partial void Ejected(ILogger logger, string pool, string replica, int failures, double seconds);

    [LoggerMessage(1502, LogLevel.Warning, "Pool {Pool}: its canaries are no longer asked, for {Reason}. Correct them and start again.")]
    public static partial void RolledBack(ILogger logger, string pool, string reason);

    [LoggerMessage(1503, LogLevel.Warning, "Pool {Pool}: the board of Hybrid:PoolBoardPath could not be read or written: {Reason} What was drained stays so, and requests go on.")]
    public static partial void BoardFailed(ILogger logger, string pool, string reason);
}
