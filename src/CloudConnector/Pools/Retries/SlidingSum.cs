namespace Hybrid.CloudConnector.Pools.Retries;

/// <summary>A sum over the last seconds, kept in buckets of one second each; the oldest leaves whole. Not thread-safe.</summary>
internal sealed class SlidingSum(int seconds)
{
    private readonly long[] _buckets = new long[seconds];
    private long _second;
    private long _sum;

    public void Add(TimeSpan now, long amount)
    {
        At(now);
        _buckets[_second % seconds] += amount;
        _sum += amount;
    }

    public long At(TimeSpan now)
    {
        var second = (long)now.TotalSeconds;
        for (var steps = Math.Min(second - _second, seconds); steps > 0; steps--)
        {
            ref var oldest = ref _buckets[(second - steps + 1) % seconds];
            _sum -= oldest;
            oldest = 0;
        }

        _second = Math.Max(_second, second);
        return _sum;
    }
}
