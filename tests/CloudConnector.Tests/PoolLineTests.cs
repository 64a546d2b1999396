using Hybrid.CloudConnector.OpenAi;
using Hybrid.CloudConnector.Tests.OpenAi;
using Hybrid.CloudConnector.Tests.Pools;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.Tests;

/// <summary>The kernel's measure of a line, over a real one.</summary>
public class PoolLineTests
{
    [Fact]
    public async Task A_request_that_fills_the_line_tells_how_fast_it_is_and_a_small_one_tells_nothing()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Other systems do not measure it.");
        await using var server = RawServer.Saying(Wire.Stream, Wire.Piece("a"), Wire.Stop, Wire.Done);
        await using var target = new OpenAiTarget(Wire.Options(server.Endpoint));
        Assert.Null((await Asking.AskAsync(target, Wire.Chat)).Fault);
        Assert.Null(target.BytesPerSecond);
        Assert.Null((await Asking.AskAsync(target, Wire.Chat with { Prompt = new MessagesPrompt([new("user", new string('x', 4 << 20))]) })).Fault);
        Assert.InRange(target.BytesPerSecond ?? 0, 1, double.MaxValue);
    }
}
