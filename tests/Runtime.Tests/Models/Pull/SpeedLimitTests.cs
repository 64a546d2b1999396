using Hybrid.Models.Pull.Shards;

namespace Hybrid.Tests.Models.Pull;

public sealed class SpeedLimitTests
{
    [Theory]
    [InlineData(1000)]
    [InlineData(250_000)]
    [InlineData(100_000_000)]
    public async Task Bytes_take_the_time_that_their_rate_says(double rate)
    {
        var time = new PatientTime(TimeSpan.FromDays(1));
        var limit = new SpeedLimit(rate, time);
        var began = time.GetTimestamp();
        var taken = 0L;
        for (var i = 0; i < 1000; i++)
        {
            var take = Math.Min(16_384, limit.LargestTake);
            taken += take;
            await limit.TakeAsync(take, default);
        }

        var seconds = time.GetElapsedTime(began).TotalSeconds;
        Assert.InRange(seconds, (taken / rate * 0.99) - 0.2, (taken / rate * 1.01) + 0.1);
    }

    [Fact]
    public async Task Many_connections_share_one_rate()
    {
        var time = new PatientTime(TimeSpan.FromDays(1));
        var limit = new SpeedLimit(100_000, time);
        var began = time.GetTimestamp();
        for (var round = 0; round < 25; round++)
        {
            // All of them come before the first one's wait is over.
            for (var connection = 0; connection < 8; connection++)
                await limit.TakeAsync(10_000, default);
        }

        Assert.InRange(time.GetElapsedTime(began).TotalSeconds, 19.5, 20.5);
    }

    [Fact]
    public async Task A_pull_is_as_slow_as_it_is_told()
    {
        await using var hub = new HubServer();
        using var place = new PullPlace();
        var bytes = HubRepository.Bytes(2_000_000, 41);
        _ = new HubRepository(hub) { Files = { ["m-Q8_0.gguf"] = bytes } };
        var began = place.Time.GetTimestamp();
        place.Has(await place.PullAsync(hub, "hf:owner/model-GGUF:Q8_0", options => options with { BytesPerSecond = 100_000 }), bytes);
        // Every wait moves this clock, those of four connections beside each other too.
        Assert.True(place.Time.GetElapsedTime(began) >= TimeSpan.FromSeconds(19), $"It took {place.Time.GetElapsedTime(began)}.");
        Assert.InRange(place.Heard.All[^1].FetchedBytes, bytes.Length, bytes.Length);
    }
}
