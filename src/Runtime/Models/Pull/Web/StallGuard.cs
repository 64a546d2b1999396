using System.Runtime.CompilerServices;

namespace Hybrid.Models.Pull.Web;

/// <summary>Ends a connection's work when it is silent for too long; waits of our own do not count.</summary>
internal sealed class StallGuard : IDisposable
{
    private readonly CancellationTokenSource _silence;
    private readonly CancellationTokenSource _either;
    private readonly CancellationToken _caller;
    private readonly TimeSpan _limit;

    public StallGuard(TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        (_limit, _caller) = (limit, cancellationToken);
        _silence = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(_silence.Token, cancellationToken);
    }

    /// <summary>Ends with silence, or when the caller gives up.</summary>
    public CancellationToken Token => _either.Token;

    /// <summary>Awaits the other side, for so long and no longer.</summary>
    /// <exception cref="PullFault">It was silent, or its connection broke.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<T> WaitAsync<T, TState>(Func<TState, CancellationToken, ValueTask<T>> ask, TState state)
    {
        _silence.CancelAfter(_limit);
        try
        {
            return await ask(state, Token);
        }
        catch (OperationCanceledException) when (!_caller.IsCancellationRequested)
        {
            throw new PullFault(PullRemedy.Again, $"nothing came for {_limit.TotalSeconds:0.#} s");
        }
        catch (Exception failure) when (failure is IOException or HttpRequestException or System.Net.Sockets.SocketException)
        {
            _caller.ThrowIfCancellationRequested();
            throw WebFaults.Of(failure);
        }
        finally
        {
            _silence.CancelAfter(Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose()
    {
        _either.Dispose();
        _silence.Dispose();
    }
}
