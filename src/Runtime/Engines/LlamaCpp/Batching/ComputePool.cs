using Hybrid.Engines.LlamaCpp.Native;

namespace Hybrid.Engines.LlamaCpp.Batching;

/// <summary>The threads of this process that compute, and whose turn it is to use them.</summary>
/// <remarks>
/// Two sets of decode threads on the same cores bring each other to a near halt, for ggml's threads spin while they wait. So all
/// contexts share one set, and decode in turns, first come first served. A set that is not in use is paused, and kept while
/// there are contexts, for it may be wanted again soon. Thread-safe.
/// </remarks>
internal sealed class ComputePool
{
    private readonly Lock _configuring = new();
    private readonly object _turn = new();
    private readonly List<Member> _members = [];
    private readonly Dictionary<(int Threads, int Poll), ThreadpoolHandle> _made = [];
    private ThreadpoolHandle? _threads;
    private (int Threads, int Poll) _shape;
    private long _generation;
    private long _nextTicket;
    private long _serving;

    /// <summary>The one of this process.</summary>
    public static ComputePool Shared { get; } = new();

    /// <summary>Joins with a context that wants so many threads.</summary>
    /// <param name="threads">Threads that its steps use.</param>
    /// <param name="poll">How hard they may spin; the least of all members counts.</param>
    public Member Join(int threads, int poll)
    {
        lock (_configuring)
        {
            var member = new Member(this, threads, poll);
            _members.Add(member);
            Resize();
            return member;
        }
    }

    private void Leave(Member member)
    {
        lock (_configuring)
        {
            _members.Remove(member);
            Resize();
        }
    }

    private void Resize()
    {
        if (_members.Count == 0)
        {
            // Contexts that have decoded on them keep them alive until they end.
            foreach (var threads in _made.Values)
                threads.Dispose();
            _made.Clear();
            (_threads, _shape) = (null, default);
            return;
        }

        var shape = (_members.Max(one => one.Wanted), _members.Min(one => one.Poll));
        if (shape == _shape)
            return;
        if (!_made.TryGetValue(shape, out _threads) && (_threads = ThreadpoolHandle.Create(shape.Item1, shape.Item2)) is not null)
            _made[shape] = _threads;
        _shape = shape;
        _generation++;
    }

    /// <summary>An engine's place in the pool. For one thread at a time.</summary>
    internal sealed class Member(ComputePool pool, int threads, int poll) : IDisposable
    {
        private bool _holds;

        /// <summary>Threads of its next step.</summary>
        public int Wanted { get; private set; } = threads;

        public int Poll => poll;

        /// <summary>Whether another engine waits for its turn.</summary>
        public bool OthersWait => Volatile.Read(ref pool._nextTicket) - Volatile.Read(ref pool._serving) > 1;

        /// <summary>Waits for the turn; false where it was this one's already.</summary>
        public bool Enter()
        {
            if (_holds)
                return false;
            var ticket = Interlocked.Increment(ref pool._nextTicket) - 1;
            if (Volatile.Read(ref pool._serving) != ticket)
            {
                lock (pool._turn)
                {
                    while (pool._serving != ticket)
                        Monitor.Wait(pool._turn);
                }
            }

            return _holds = true;
        }

        /// <summary>Lets the next one in.</summary>
        public void Exit()
        {
            if (!_holds)
                return;
            _holds = false;
            lock (pool._turn)
            {
                Volatile.Write(ref pool._serving, pool._serving + 1);
                Monitor.PulseAll(pool._turn);
            }
        }

        /// <summary>Changes how many threads its steps use; those that nobody wants are paused, so that they spin for nobody.</summary>
        public void Want(int count)
        {
            if (count == Wanted)
                return;
            lock (pool._configuring)
            {
                Wanted = count;
                pool.Resize();
                pool._generation++; // also where the pool stays as it is, the context has to hear of it
            }
        }

        /// <summary>Gives a context the threads, where it does not have those in use now.</summary>
        /// <param name="context">The context that decodes next.</param>
        /// <param name="attached">What it has.</param>
        public void Attach(ContextHandle context, ref long attached)
        {
            if (Volatile.Read(ref pool._generation) == attached)
                return;
            lock (pool._configuring)
            {
                if (pool._threads is { } handle)
                    context.Attach(handle, Wanted);
                attached = pool._generation;
            }
        }

        public void Dispose()
        {
            Exit();
            pool.Leave(this);
        }
    }
}
