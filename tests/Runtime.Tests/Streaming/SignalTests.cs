using System.Runtime.CompilerServices;
using Hybrid.Streaming;

namespace Hybrid.Tests.Streaming;

public class SignalTests
{
    [Fact]
    public void What_is_set_before_the_wait_is_not_lost_and_counts_once()
    {
        var signal = new Signal();
        signal.Set();
        signal.Set();
        Assert.True(signal.WaitAsync().AsTask().IsCompletedSuccessfully);
        Assert.False(signal.WaitAsync().AsTask().IsCompleted);
    }

    [Fact]
    public async Task A_reader_hears_every_setter_of_many()
    {
        const int Setters = 4;
        const int Times = 20_000;
        var signal = new Signal();
        var said = 0;
        var setting = Enumerable.Range(0, Setters).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < Times; i++)
            {
                Interlocked.Increment(ref said);
                signal.Set();
            }
        })).ToArray();
        var heard = Task.Run(async () =>
        {
            while (Volatile.Read(ref said) < Setters * Times) await signal.WaitAsync().ConfigureAwait(false);
        });
        await Task.WhenAll(setting);
        await heard.WaitAsync(Conducting.Hang); // had a set been lost, it would wait for good
    }

    [Fact]
    public void It_allocates_nothing()
    {
        var signal = new Signal();
        var woken = 0;
        Action wake = () => woken++;
        Assert.Equal(0, Allocations.Steady(() =>
        {
            var waiting = Wait(signal).GetAwaiter();
            waiting.UnsafeOnCompleted(wake);
            signal.Set();
            waiting.GetResult();
        }));
        Assert.True(woken > 0);
    }

    private static ConfiguredValueTaskAwaitable Wait(Signal signal) => signal.WaitAsync().ConfigureAwait(false);
}
