using Hybrid.Tests.Streaming.Simulated;

namespace Hybrid.Tests.Streaming;

public sealed class SpokenTwiceTests
{
    /// <summary>The device spoke for a pool that failed and was asked again, and then the caller cancelled: what of its first words was never read is wasted, and its second attempt said none.</summary>
    [Fact]
    public async Task What_a_target_said_before_it_was_asked_again_is_counted_once() =>
        Assert.Null(await Task.Run(() => new SimulatedRun(522830).Run()));
}
