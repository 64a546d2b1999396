using Hybrid.Engines.LlamaCpp.Batching;

namespace Hybrid.Tests.Engines.LlamaCpp.Batching;

public sealed class PrefillBudgetTests
{
    [Fact]
    public void Where_nobody_waits_a_step_is_as_large_as_it_may_be() => Assert.Equal(512, new PrefillBudget(512).TokensWithin(double.PositiveInfinity));

    [Fact]
    public void The_unknown_is_tried_small() => Assert.Equal(8, new PrefillBudget(512).TokensWithin(0.01));

    [Fact]
    public void A_step_takes_about_as_long_as_running_streams_may_wait()
    {
        var budget = new PrefillBudget(512);
        foreach (var size in (int[])[8, 16, 32, 64, 128, 256, 512])
            budget.Observe(size, size * 0.001);
        Assert.InRange(budget.TokensWithin(0.100), 70, 100);
        Assert.Equal(8, budget.TokensWithin(0));
        Assert.Equal(512, budget.TokensWithin(10));
    }
}
