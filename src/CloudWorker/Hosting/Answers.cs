using System.Runtime.CompilerServices;
using Hybrid.Targets;

namespace Hybrid.CloudWorker.Hosting;

/// <summary>Runs each request for both protocols: deadline, shutdown and the shape of the end are the same for all.</summary>
internal sealed class Answers : IDisposable
{
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(24);

    private readonly TimeProvider _time;
    private readonly TimeSpan _grace;
    private readonly CancellationTokenSource _stopped;
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _stopping;
    private int _running;

    /// <param name="grace">How long running requests may go on after a stop.</param>
    /// <param name="time">The clock.</param>
    public Answers(TimeSpan grace, TimeProvider time)
    {
        (_time, _grace) = (time, grace);
        _stopped = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
    }

    /// <summary>Whether new requests are refused.</summary>
    public bool IsStopping => _stopping;

    /// <summary>Answers that run.</summary>
    public int Running => Volatile.Read(ref _running);

    /// <summary>Refuses new requests from now on and ends the running ones after the grace.</summary>
    /// <returns>Done when none runs any more.</returns>
    public Task Stop()
    {
        Interlocked.Increment(ref _running);
        _stopping = true;
        _stopped.CancelAfter(_grace);
        Ended();
        return _idle.Task;
    }

    /// <summary>Ends the running requests too, at once.</summary>
    public void StopNow()
    {
        _ = Stop();
        _stopped.Cancel();
    }

    /// <summary>Streams an answer whose last update has a completion; anything else ends in a <see cref="HybridException"/>.</summary>
    public async IAsyncEnumerable<DecodeUpdate> RunAsync(
        Func<DecodeRequest, CancellationToken, IAsyncEnumerable<DecodeUpdate>> generate, DecodeRequest request, [EnumeratorCancellation] CancellationToken clientGone)
    {
        using var running = Begin();
        using var deadline = StartDeadline(request);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(clientGone, deadline.Token, _stopped.Token);
        await using var updates = generate(request, linked.Token).GetAsyncEnumerator(linked.Token);
        var completed = false;
        while (await MoveNextAsync(updates, deadline.Token, linked.Token, clientGone))
        {
            if (completed)
                throw new HybridException(HybridError.Internal, "The engine went on after the end of its answer.");
            completed = updates.Current.Completion is not null;
            yield return updates.Current;
        }

        if (!completed)
            throw new HybridException(HybridError.Internal, "The engine ended its answer without saying why.");
    }

    /// <summary>Waits for something other than an answer under the same rules.</summary>
    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken clientGone)
    {
        using var running = Begin();
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(clientGone, _stopped.Token);
        try
        {
            return await work(linked.Token);
        }
        catch (OperationCanceledException) when (!clientGone.IsCancellationRequested && _stopped.IsCancellationRequested)
        {
            throw Stopping();
        }
    }

    public void Dispose() => _stopped.Dispose();

    // Counted first and asked then, so that a stop waits for whoever was not refused.
    private RunningOne Begin()
    {
        Interlocked.Increment(ref _running);
        if (!_stopping)
            return new(this);
        Ended();
        throw Stopping();
    }

    private void Ended()
    {
        if (Interlocked.Decrement(ref _running) == 0 && _stopping)
            _idle.TrySetResult();
    }

    private CancellationTokenSource StartDeadline(DecodeRequest request)
    {
        if (request.Deadline is not { } deadline)
            return new CancellationTokenSource();
        var left = deadline - _time.GetUtcNow();
        if (left <= TimeSpan.Zero)
            throw TooLate();
        return new CancellationTokenSource(left < LongestTimer ? left : LongestTimer, _time);
    }

    private static async ValueTask<bool> MoveNextAsync(
        IAsyncEnumerator<DecodeUpdate> updates, CancellationToken deadline, CancellationToken all, CancellationToken clientGone)
    {
        try
        {
            all.ThrowIfCancellationRequested();
            return await updates.MoveNextAsync();
        }
        catch (OperationCanceledException) when (!clientGone.IsCancellationRequested)
        {
            throw deadline.IsCancellationRequested ? TooLate() : Stopping();
        }
    }

    private static HybridException TooLate() =>
        new(HybridError.DeadlineExceeded, "The deadline passed before the answer was complete.");

    private static HybridException Stopping() =>
        new(HybridError.TargetUnavailable, "The server is stopping. Nothing was done; ask again in a moment, or ask another one.");

    private sealed class RunningOne(Answers answers) : IDisposable
    {
        public void Dispose() => answers.Ended();
    }
}
