using Hybrid.Configuration;

namespace Hybrid.Models.Pull.Shards;

/// <summary>Counts the failures in a row of one piece of work, and waits between them.</summary>
/// <param name="options">How often and how long.</param>
/// <param name="draw">0 to below 1.</param>
/// <param name="what">What is fetched, for the last message.</param>
/// <param name="kept">What is here, for the last message: bytes, of how many; null: nothing can be.</param>
/// <param name="tell">Told of every retry.</param>
internal sealed class Retrying(PullOptions options, Func<double> draw, string what, Func<(long Here, long Size)?> kept, Action<string>? tell = null)
{
    private int _failures;

    /// <summary>It got on; what went wrong before does not count any more.</summary>
    public void GotOn() => _failures = 0;

    /// <summary>Waits until the work may be tried again.</summary>
    /// <exception cref="HybridException">It failed too often, or the server wants more patience than is allowed.</exception>
    public async Task WaitAsync(PullFault fault, CancellationToken cancellationToken)
    {
        if (fault.RetryAfter > options.LongestRetryAfter)
            throw Ended(fault, $"the server asks to be left alone for {fault.RetryAfter.Value.TotalSeconds:0} s");
        if (++_failures > options.Retries)
            throw Ended(fault, _failures == 1 ? fault.Message : $"it failed {_failures} times in a row, the last time: {fault.Message}");
        var delay = RetryDelay.After(options, _failures, fault.RetryAfter, draw());
        tell?.Invoke($"{fault.Message}; again in {delay.TotalSeconds:0.0} s");
        await Task.Delay(delay, options.TimeProvider, cancellationToken);
    }

    private HybridException Ended(PullFault fault, string why)
    {
        var keeps = kept() is var (here, size) ? $" {ByteSize.Text(here)} of {ByteSize.Text(size)} are kept; pull again and it goes on from there." : " Nothing was fetched; try again later.";
        return new(fault.Busy ? HybridError.Busy : HybridError.TargetUnavailable, $"'{what}' could not be fetched: {why}.{keeps}", fault) { RetryAfter = fault.RetryAfter };
    }
}
