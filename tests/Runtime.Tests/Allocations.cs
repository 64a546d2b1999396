namespace Hybrid.Tests;

/// <summary>What code allocates each time it runs.</summary>
internal static class Allocations
{
    /// <summary>The fewest bytes that this thread allocated in one of ten runs: the runtime's own, made when it compiles a loop anew, come once.</summary>
    public static long Steady(Action run)
    {
        var fewest = long.MaxValue;
        for (var i = 0; i < 10 && fewest > 0; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            run();
            fewest = Math.Min(fewest, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return fewest;
    }
}
