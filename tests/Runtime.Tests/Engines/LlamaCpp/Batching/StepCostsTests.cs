using Hybrid.Engines.LlamaCpp.Batching;

namespace Hybrid.Tests.Engines.LlamaCpp.Batching;

public sealed class StepCostsTests
{
    [Fact]
    public void Sizes_that_were_never_tried_are_tried()
    {
        var costs = new StepCosts(32, 8);
        Assert.Equal([3], costs.Plan(3, 8).ToArray());
        Teach(costs, 1, 10);
        Assert.Equal([3], costs.Plan(3, 8).ToArray());
    }

    [Fact]
    public void Requests_take_turns_where_sharing_is_slower()
    {
        var costs = new StepCosts(32, 8);
        Teach(costs, 1, 10);
        Teach(costs, 2, 27); // Q8_0 at two tokens: 0.73 of taking turns
        Assert.Equal([1, 1], costs.Plan(2, 8).ToArray());
        Teach(costs, 3, 40);
        Teach(costs, 4, 36);
        Assert.Equal([4], costs.Plan(4, 8).ToArray());
        Assert.Equal([1, 1, 1], costs.Plan(3, 8).ToArray());
        Teach(costs, 5, 60);
        Teach(costs, 6, 70);
        Assert.Equal([4, 1, 1], costs.Plan(6, 8).ToArray());
    }

    [Fact]
    public void No_group_is_larger_than_allowed()
    {
        var costs = new StepCosts(32, 8);
        Assert.Equal([1, 1, 1], costs.Plan(3, 1).ToArray());
        Assert.Equal([4, 4], costs.Plan(8, 4).ToArray());
    }

    [Fact]
    public void A_step_is_filled_up_where_that_is_faster()
    {
        var costs = new StepCosts(16, 8, pads: true);
        Assert.Equal(6, costs.Rows(6)); // first as it is
        Teach(costs, 6, 23);
        Assert.Equal(8, costs.Rows(6));
        Teach(costs, 8, 20);
        Assert.Equal((8, 20), (costs.Rows(6), costs.Of(6)));
        Assert.Equal(1, costs.Rows(1));
        Assert.Equal(8, costs.Rows(8));
    }

    [Fact]
    public void A_step_stays_as_it_is_where_filling_it_up_is_slower_or_not_allowed()
    {
        var costs = new StepCosts(6, 6, pads: true);
        Teach(costs, 3, 9);
        Teach(costs, 4, 10);
        Assert.Equal((3, 9), (costs.Rows(3), costs.Of(3)));
        Teach(costs, 6, 30);
        Assert.Equal(6, costs.Rows(6)); // eight are more than a step may have
        var plain = new StepCosts(16, 8);
        Teach(plain, 6, 23);
        Teach(plain, 8, 20);
        Assert.Equal((6, 23), (plain.Rows(6), plain.Of(6)));
    }

    [Fact]
    public void One_slow_step_changes_little_and_a_lasting_change_is_learned()
    {
        var costs = new StepCosts(4, 4);
        Teach(costs, 1, 10);
        costs.Observe(1, 500);
        Assert.InRange(costs.Of(1), 10, 15);
        for (var i = 0; i < 30; i++)
            costs.Observe(1, 20);
        Assert.InRange(costs.Of(1), 19, 21);
    }

    private static void Teach(StepCosts costs, int tokens, double seconds)
    {
        for (var i = 0; i < 4; i++)
            costs.Observe(tokens, seconds);
    }
}
