using Hybrid.Storage;

namespace Hybrid.Models.Store;

/// <summary>Lets one thread of one process at a time change what the names of a store refer to.</summary>
internal sealed class StoreGate(string path, TimeProvider time)
{
    // Far longer than any change takes; a process that stands still in the middle of one is all that reaches it.
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);
    private readonly Lock _lock = new();

    public void Run(Action change) => Run(() =>
    {
        change();
        return true;
    });

    public T Run<T>(Func<T> change)
    {
        if (_lock.IsHeldByCurrentThread)
            return change();
        lock (_lock)
        {
            using var held = Patiently(() => FileLock.TryTake(path), "change the model store");
            return change();
        }
    }

    /// <summary>Tries until it succeeds, for a minute at most.</summary>
    public FileLock Patiently(Func<FileLock?> take, string purpose)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            if (take() is { } held)
                return held;
            if (time.GetElapsedTime(began) > Longest)
                throw new HybridException(HybridError.Storage, $"Another process has kept '{path}' for more than {Longest.TotalSeconds:0} s, so that this one could not {purpose}. Nothing was changed. See what that process waits for, or end it: its lock ends with it.");
            using var over = new ManualResetEventSlim();
            using var timer = time.CreateTimer(_ => over.Set(), state: null, Pause, Timeout.InfiniteTimeSpan);
            over.Wait();
        }
    }
}
