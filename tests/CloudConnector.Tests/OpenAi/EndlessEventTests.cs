using System.Text;
using Hybrid.CloudConnector.OpenAi;
using Hybrid.CloudConnector.Tests.Pools;

namespace Hybrid.CloudConnector.Tests.OpenAi;

/// <summary>A server that begins an event and never ends it.</summary>
[Collection(Name)]
[CollectionDefinition(Name, DisableParallelization = true)] // what is allocated is counted for the whole process
public class EndlessEventTests
{
    private const string Name = "endless events";

    [Theory]
    [InlineData("data: ", "x")]
    [InlineData("", "data: x\n")]
    [InlineData("", "data: x\r\n")]
    [InlineData(": ", "x")]
    public async Task A_line_or_an_event_without_an_end_stops_at_a_bound(string first, string again)
    {
        var filler = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(again, 65536 / again.Length)));
        long sent = 0;
        await using var server = new RawServer(async exchange =>
        {
            await exchange.SayAsync(Wire.Stream + Wire.Piece("a") + first);
            for (; sent < 50_000_000; sent += filler.Length)
                await exchange.SayAsync(filler);
        });
        await using var target = new OpenAiTarget(Wire.Options(server.Endpoint));
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var answer = await Asking.AskAsync(target, Wire.Chat);
        Assert.Equal((HybridError.TargetUnavailable, "a"), (answer.Fault?.Error, answer.Text));
        Assert.Contains("1048576 bytes", answer.Fault!.Message, StringComparison.Ordinal);
        Assert.True(GC.GetTotalAllocatedBytes(precise: true) - before < 24_000_000, "What is read is kept within bounds.");
        Assert.True(Volatile.Read(ref sent) < 50_000_000, "The connection was closed, not read to its end.");
    }
}
