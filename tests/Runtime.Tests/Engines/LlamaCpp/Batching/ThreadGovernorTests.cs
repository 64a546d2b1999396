using Hybrid.Engines.LlamaCpp.Batching;

namespace Hybrid.Tests.Engines.LlamaCpp.Batching;

public sealed class ThreadGovernorTests
{
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void Threads_are_halved_while_steps_take_far_too_long_and_all_come_back()
    {
        var governor = Undisturbed(threads: 4);
        Observe(governor, 0.2, 0.2);
        Assert.Equal(2, governor.Threads);
        Observe(governor, 0.2, 0.2); // still too long for two threads
        Assert.Equal(1, governor.Threads);
        Observe(governor, 0.025, 0.025);
        Assert.Equal(1, governor.Threads);
        _time.Advance(TimeSpan.FromSeconds(1));
        Observe(governor, 0.025);
        Assert.Equal(4, governor.Threads);
        Observe(governor, 0.01);
        Assert.Equal(4, governor.Threads);
    }

    [Fact]
    public void A_machine_that_stays_busy_is_tried_ever_less_often()
    {
        var governor = Undisturbed(threads: 2);
        Observe(governor, 0.3, 0.3);
        var trials = 0;
        for (var i = 0; i < 600; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
            var full = governor.Threads == 2;
            trials += full ? 1 : 0;
            Observe(governor, full ? 0.3 : 0.015);
        }

        Assert.InRange(trials, 10, 30); // in a minute
    }

    [Fact]
    public void One_slow_step_and_a_context_that_grows_change_nothing()
    {
        var governor = Undisturbed(threads: 2);
        Observe(governor, 0.5);
        Assert.Equal(2, governor.Threads);
        for (var seconds = 0.01; seconds < 0.04; seconds += 0.00005)
            Observe(governor, seconds);
        Assert.Equal(2, governor.Threads);
    }

    [Fact]
    public void Where_all_threads_are_still_the_faster_ones_they_stay()
    {
        var governor = Undisturbed(threads: 2);
        Observe(governor, 0.03, 0.03); // a context that is suddenly long
        Assert.Equal(1, governor.Threads);
        _time.Advance(TimeSpan.FromSeconds(1));
        Observe(governor, 0.05, 0.03, 0.03, 0.03);
        Assert.Equal(2, governor.Threads);
    }

    [Fact]
    public void Large_steps_are_not_mistaken_for_slow_ones()
    {
        var governor = Undisturbed(threads: 2);
        governor.Observe(512, 1);
        governor.Observe(512, 1);
        Assert.Equal(2, governor.Threads);
    }

    private ThreadGovernor Undisturbed(int threads)
    {
        var governor = new ThreadGovernor(threads, _time);
        for (var i = 0; i < 20; i++)
            Observe(governor, 0.01);
        return governor;
    }

    private static void Observe(ThreadGovernor governor, params double[] seconds)
    {
        foreach (var one in seconds)
            governor.Observe(1, one);
    }
}
