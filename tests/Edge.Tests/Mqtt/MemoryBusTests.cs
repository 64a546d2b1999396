using Hybrid.Edge.Mqtt;

namespace Hybrid.Edge.Tests.Mqtt;

public sealed class MemoryBusTests
{
    [Theory]
    [InlineData("a/+/c", true)]
    [InlineData("a/#", true)]
    [InlineData("a/b/c", true)]
    [InlineData("a/b", false)]
    [InlineData("a/b/c/d", false)]
    public async Task It_delivers_what_matches(string filter, bool arrives)
    {
        var bus = new MemoryBus();
        await using var client = bus.Connect();
        var got = new List<string>();
        await client.SubscribeAsync(new(filter), (message, _) => { got.Add(message.Topic); return ValueTask.CompletedTask; });
        await client.StartAsync();
        await client.PublishAsync(new() { Topic = "a/b/c" });
        Assert.Equal(arrives ? ["a/b/c"] : [], got);
    }
}
