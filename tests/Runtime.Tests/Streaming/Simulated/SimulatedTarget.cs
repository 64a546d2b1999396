using System.Threading.Tasks.Sources;
using Hybrid.Targets;

namespace Hybrid.Tests.Streaming.Simulated;

/// <summary>How a target treats a request that is asked of it.</summary>
public enum Trouble
{
    None,

    /// <summary>Throws after some tokens.</summary>
    Fails,

    /// <summary>Ends its stream after some tokens without a completion.</summary>
    Ends,

    /// <summary>Says nothing more after some tokens.</summary>
    Stalls,

    /// <summary>The same, and does not heed its cancelling.</summary>
    Hangs,

    /// <summary>Ignores that it should go on, and starts over.</summary>
    StartsOver,

    /// <summary>Says the end of what was said again.</summary>
    SaysAgain,

    /// <summary>Goes on beyond its limit.</summary>
    Deaf,

    /// <summary>Completes with nothing said.</summary>
    Silent,

    /// <summary>Sends a token twice, as its numbers tell.</summary>
    SendsTwice,

    /// <summary>Leaves a token out, as its numbers tell.</summary>
    Skips,

    /// <summary>Its completion tells a wrong number of tokens.</summary>
    Miscounts,
}

/// <summary>A target in virtual time: cold or warm, quick or slow, honest or not.</summary>
internal sealed class SimulatedTarget(VirtualTime time, Random random, TargetDescriptor descriptor, int model) : ITarget
{
    private int _read;

    public TargetDescriptor Descriptor => descriptor;

    public TargetState State { get; private set; } = TargetState.Warm;

    public int Model => model;

    /// <summary>Where it really is.</summary>
    public required Zone Place { get; init; }

    /// <summary>Tokens of a whole answer, whoever gives it.</summary>
    public required int AnswerTokens { get; init; }

    public required double FirstTokenSeconds { get; init; }

    public required double SecondsPerToken { get; init; }

    public double ColdSeconds { get; init; }

    /// <summary>What it takes to read a token of what was said, once: it keeps what it read.</summary>
    public double SecondsPerReadToken { get; init; }

    /// <summary>After how long without a request it is cold again; 0: never.</summary>
    public double IdleSeconds { get; init; }

    public Trouble Trouble { get; init; }

    /// <summary>Tokens of an attempt before the trouble begins.</summary>
    public int TroubleAfter { get; init; }

    /// <summary>Updates may bring several tokens, or none.</summary>
    public bool Lumpy { get; init; }

    /// <summary>The probability of its tokens, where they are asked for.</summary>
    public double? Sure { get; init; }

    /// <summary>Numbers its tokens and tells their ids.</summary>
    public bool Numbers { get; init; }

    /// <summary>Characters of said text up to which it does not lie about going on.</summary>
    public int HonestUpTo { get; init; }

    /// <summary>How many replicas it has; 1: it is no pool.</summary>
    public int Replicas { get; init; } = 1;

    public List<DecodeRequest> Received { get; } = [];


    public int OpenStreams { get; private set; }

    public int Woken { get; private set; }

    /// <summary>When it was woken last.</summary>
    public TimeSpan WokenAt { get; private set; }

    public void MakeWarm() => State = TargetState.Warm;

    public void MakeUnavailable() => State = new(TargetReadiness.Unavailable, "out of reach");

    public void MakeCold() => State = new(TargetReadiness.Cold, "scaled to zero");

    public IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, CancellationToken cancellationToken = default)
    {
        Received.Add(request);
        return new Answer(this, request);
    }

    public ValueTask WarmAsync(CancellationToken cancellationToken = default)
    {
        Woken++;
        WokenAt = time.Elapsed;
        if (State.Readiness == TargetReadiness.Warm) return ValueTask.CompletedTask;
        var woken = new TaskCompletionSource();
        State = new(TargetReadiness.Warming, "loading");
        time.After(ColdSeconds, () =>
        {
            State = TargetState.Warm;
            woken.TrySetResult();
        });
        var registration = cancellationToken.Register(() => woken.TrySetCanceled(cancellationToken));
        _ = woken.Task.ContinueWith(_ => registration.Dispose(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return new(woken.Task);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private double Jitter => 0.5 + random.NextDouble();

    /// <summary>One answer; its moves complete at their time in virtual time.</summary>
    private sealed class Answer(SimulatedTarget target, DecodeRequest request) : IAsyncEnumerable<DecodeUpdate>, IAsyncEnumerator<DecodeUpdate>, IValueTaskSource<bool>
    {
        private readonly string _from = target.Trouble == Trouble.StartsOver && request.Continuation.Length > target.HonestUpTo && request.MaxTokens is not < 12 ? "" : request.Continuation;
        private readonly string _again = target.Trouble == Trouble.SaysAgain && request.Continuation.Length > target.HonestUpTo ? request.Continuation[^SeamLength..] : "";
        private ManualResetValueTaskSourceCore<bool> _move;
        private CancellationTokenRegistration _registration;
        private CancellationToken _cancelled;
        private ulong _state;
        private bool _moving;
        private bool _begun;
        private bool _closed;
        private bool _over;
        private bool _repeated;
        private int _said;
        private int _before;

        public DecodeUpdate Current { get; private set; }

        public IAsyncEnumerator<DecodeUpdate> GetAsyncEnumerator(CancellationToken cancellationToken = default)
        {
            _cancelled = cancellationToken;
            target.OpenStreams++;
            return this;
        }

        public ValueTask<bool> MoveNextAsync()
        {
            if (_over) return new(false);
            _cancelled.ThrowIfCancellationRequested();
            var delay = target.SecondsPerToken * target.Jitter;
            if (!_begun)
            {
                _begun = true;
                _state = SimulatedModel.Read(_from, SimulatedModel.Begin(target.Model));
                _before = SimulatedModel.Tokens(_from);
                delay = target.FirstTokenSeconds * target.Jitter;
                if (target.State.Readiness != TargetReadiness.Warm) delay += target.ColdSeconds;
                delay += Math.Max(_before - target._read, 0) * target.SecondsPerReadToken;
            }

            _move.Reset();
            _moving = true;
            if (target.Trouble != Trouble.Hangs || !Troubled) _registration = _cancelled.UnsafeRegister(static self => ((Answer)self!).Cancelled(), this);
            if (!(Troubled && target.Trouble is Trouble.Stalls or Trouble.Hangs && _said >= target.TroubleAfter)) Later(delay);
            return new(this, _move.Version);
        }

        public ValueTask DisposeAsync()
        {
            if (!_closed) target.OpenStreams--;
            _closed = true;
            target.RestsNow();
            return ValueTask.CompletedTask;
        }

        bool IValueTaskSource<bool>.GetResult(short token) => _move.GetResult(token);

        ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _move.GetStatus(token);

        void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) => _move.OnCompleted(continuation, state, token, flags);

        private bool Troubled => _said >= target.TroubleAfter;

        private const int SeamLength = 30;

        private void Later(double seconds)
        {
            var version = _move.Version;
            target.After(seconds, () =>
            {
                if (_moving && _move.Version == version) Arrive();
            });
        }

        private void Cancelled()
        {
            if (!_moving) return;
            _moving = false;
            _move.SetException(new OperationCanceledException(_cancelled));
        }

        private void Arrive()
        {
            _moving = false;
            _registration.Dispose();
            if (target.State.Readiness != TargetReadiness.Warm) target.State = TargetState.Warm;
            target._read = Math.Max(target._read, _before);
            if (Troubled && target.Trouble == Trouble.Fails)
            {
                _move.SetException(new HybridException(HybridError.TargetUnavailable, $"{target.Descriptor.Name} failed after {_said}."));
                return;
            }

            if (Troubled && target.Trouble == Trouble.Ends)
            {
                _over = true;
                _move.SetResult(false);
                return;
            }

            if (!_repeated && _again.Length > 0)
            {
                _repeated = true;
                Current = new(_again, 1);
                _said++;
                _move.SetResult(true);
                return;
            }

            var most = target.Trouble == Trouble.Deaf ? int.MaxValue : request.MaxTokens ?? int.MaxValue;
            var left = target.Trouble == Trouble.Silent ? 0 : Math.Min(target.AnswerTokens - _before, most) - _said;
            if (left <= 0)
            {
                _over = true;
                var finish = _before + _said < target.AnswerTokens && target.Trouble != Trouble.Silent ? DecodeFinish.Length : DecodeFinish.Stop;
                Current = new DecodeUpdate("", 0, new() { Finish = finish, OutputTokens = target.Trouble == Trouble.Miscounts ? _said + 3 : _said, PromptTokens = 10 }) with { TokenIndex = target.Numbers ? _said : null };
                _move.SetResult(true);
                return;
            }

            if (Troubled && target.Trouble == Trouble.SendsTwice && !_repeated && Current.Text?.Length > 0)
            {
                _repeated = true; // the very same update
                _move.SetResult(true);
                return;
            }

            if (Troubled && target.Trouble == Trouble.Skips && !_repeated)
            {
                _repeated = true;
                _state = SimulatedModel.Read(SimulatedModel.Next(_state), _state);
                _said++;
            }

            var lump = target.Lumpy ? Math.Min(target.Lump(4), left) : 1;
            var text = "";
            var ids = new int[lump];
            for (var i = 0; i < lump; i++)
            {
                var token = SimulatedModel.Next(_state);
                _state = SimulatedModel.Read(token, _state);
                ids[i] = SimulatedModel.Id(token);
                text += token;
            }

            Current = new(text, lump);
            if (target.Numbers) Current = Current with { TokenIndex = _said, Tokens = [.. ids], Vocabulary = lump > 0 ? "v" : null };
            if (request.LogProbabilities is not null && target.Sure is { } sure)
                Current = Current with { Scores = [.. ids.Select(id => new TokenScore(id, default, (float)Math.Log(sure)))] };
            _said += lump;
            _move.SetResult(true);
        }
    }

    private void RestsNow()
    {
        if (IdleSeconds == 0) return;
        var asked = Received.Count;
        time.After(IdleSeconds, () =>
        {
            if (OpenStreams > 0 || Received.Count > asked) return;
            MakeCold();
            _read = 0;
        });
    }

    private void After(double seconds, Action action) => time.After(seconds, action);

    private int Lump(int most) => random.Next(most);
}
