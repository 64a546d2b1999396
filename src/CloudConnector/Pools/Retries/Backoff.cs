using Hybrid.Configuration;

namespace Hybrid.CloudConnector.Pools.Retries;

/// <summary>Exponential backoff with full jitter: any wait up to the longest of its turn is as likely, so that clients that failed together do not come back together.</summary>
internal static class Backoff
{
    /// <param name="options">The first and the longest.</param>
    /// <param name="retries">Retries before this one.</param>
    /// <param name="draw">0 to below 1.</param>
    public static TimeSpan After(RetryOptions options, int retries, double draw)
    {
        var most = Math.Min(options.FirstDelay.TotalSeconds * Math.Pow(2, Math.Min(retries, 30)), options.LongestDelay.TotalSeconds);
        return TimeSpan.FromSeconds(most * draw);
    }
}
