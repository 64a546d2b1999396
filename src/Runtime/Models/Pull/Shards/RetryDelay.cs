namespace Hybrid.Models.Pull.Shards;

/// <summary>How long to wait before the same again: exponential with full jitter, and never shorter than the server asked for.</summary>
internal static class RetryDelay
{
    /// <param name="options">The first and the longest.</param>
    /// <param name="failures">Failures in a row, from 1.</param>
    /// <param name="asked">What the server asked for.</param>
    /// <param name="draw">0 to below 1.</param>
    public static TimeSpan After(PullOptions options, int failures, TimeSpan? asked, double draw)
    {
        var most = Math.Min(options.FirstDelay.TotalSeconds * Math.Pow(2, Math.Min(failures - 1, 30)), options.LongestDelay.TotalSeconds);
        var own = TimeSpan.FromSeconds(most * draw);
        // On top of what was asked for, so that those who were sent away together do not come back together.
        return asked is { } least ? least + own : own;
    }
}
