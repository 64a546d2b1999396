using Hybrid.Cli.Simulation;

namespace Hybrid.Cli.Tests.Simulation;

public sealed class DrawTests
{
    [Fact]
    public void The_same_key_gives_the_same_number_and_another_key_another()
    {
        Assert.Equal(Draw.Uniform(1, Draws.Coin, 2, 3), Draw.Uniform(1, Draws.Coin, 2, 3));
        double[] others = [Draw.Uniform(2, Draws.Coin, 2, 3), Draw.Uniform(1, Draws.Failure, 2, 3), Draw.Uniform(1, Draws.Coin, 3, 3), Draw.Uniform(1, Draws.Coin, 2, 4)];
        Assert.DoesNotContain(Draw.Uniform(1, Draws.Coin, 2, 3), others);
        Assert.Equal(4, others.Distinct().Count());
    }

    [Fact]
    public void Numbers_have_the_moments_of_their_distribution()
    {
        const int count = 100_000;
        var uniform = Enumerable.Range(0, count).Select(i => Draw.Uniform(5, Draws.Coin, i)).ToArray();
        var normal = Enumerable.Range(0, count).Select(i => Draw.Normal(5, Draws.Coin, i)).ToArray();
        Assert.All(uniform, number => Assert.InRange(number, double.Epsilon, 1 - 1e-17));
        Assert.InRange(uniform.Average(), 0.495, 0.505);
        Assert.InRange(uniform.Average(number => number * number), 0.328, 0.338);
        Assert.InRange(normal.Average(), -0.015, 0.015);
        Assert.InRange(normal.Average(number => number * number), 0.98, 1.02);
    }

    [Fact]
    public void Intervals_say_what_holds_a_time_and_what_comes_next()
    {
        var spans = new Intervals([(10, 20), (30, 40)]);
        Assert.False(spans.Contain(9.9));
        Assert.True(spans.Contain(10));
        Assert.False(spans.Contain(20));
        Assert.True(spans.Contain(39.9));
        Assert.Equal([10, 10, 30, 30, double.PositiveInfinity], new[] { 0.0, 10, 11, 25, 31 }.Select(spans.NextFrom));
        Assert.False(Intervals.None.Contain(1));
    }
}
