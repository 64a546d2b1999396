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

    [Fact]
    public void A_tile_is_worth_some_patience_and_not_any()
    {
        var budget = new PrefillBudget(512);
        budget.Observe(64, 0.140);
        budget.Observe(32, 0.120);
        Assert.Equal(64, budget.TokensWithin(0.100));
        Assert.InRange(budget.TokensWithin(0.060), 8, 20);
    }

    [Fact]
    public void What_a_long_prompt_taught_of_large_steps_is_forgotten_when_smaller_ones_are_cheap_again()
    {
        var budget = new PrefillBudget(512);
        budget.Observe(128, 1.28);
        for (var i = 0; i < 20; i++)
            budget.Observe(16, 0.016);
        Assert.InRange(budget.TokensWithin(0.130), 121, 130);
    }
}
