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
