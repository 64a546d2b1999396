using System.Diagnostics;
using System.Runtime.CompilerServices;
using Hybrid.Accounting;
using Hybrid.Accounting.Budgets;
using Hybrid.Network;
using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Streaming;

/// <summary>What an attempt is made under.</summary>
/// <param name="InputTokens">Tokens to prefill, as estimated.</param>
/// <param name="Seen">The target as the policy saw it.</param>
/// <param name="Budget">What it must fit into; null: nothing is limited.</param>
/// <param name="OutputBound">The most tokens of answer where the request sets no limit and a budget applies.</param>
/// <param name="Parent">The request's span.</param>
/// <param name="Network">Whether the network is there; null: the target needs none.</param>
internal sealed record AttemptTerms(int InputTokens, TargetSnapshot Seen, RequestBudget? Budget, int OutputBound, Activity? Parent, NetworkState? Network = null);

/// <summary>What a look at an attempt finds.</summary>
internal enum AttemptNews
{
    /// <summary>Nothing yet; the signal is set when there is.</summary>
    None,

    /// <summary>An update with text, a tool call or the completion.</summary>
    Update,

    /// <summary>It failed.</summary>
    Fault,
}

/// <summary>One target decoding one request: its stream is asked for the next update when somebody looks, is timed, and ends in a receipt.</summary>
/// <remarks>
/// For one reader. At most one update is ahead of it, so that a reader who stops pauses the target. A target that ignores its
/// cancelling is left behind and closed as soon as it lets go.
/// </remarks>
internal sealed partial class Attempt
{
    private const int Idle = 0;
    private const int Moving = 1;
    private const int Moved = 2;
    private const int Abandoned = 3;
    private readonly ITarget _target;
    private readonly DecodeRequest _request;
    private readonly AttemptTerms _terms;
    private readonly Signal _signal;
    private readonly TimeProvider _time;
    private readonly TargetDescriptor _descriptor;
    private readonly bool _cold;
    private readonly bool _woke;
    private readonly long _start;
    private readonly EnergyShare? _energy;
    private readonly Activity? _activity;
    private readonly CancellationTokenSource _ending;
    private readonly Lock _closing = new();
    private readonly Action _onMoved;
    private readonly CancellationToken _lost;
    private readonly CancellationTokenRegistration _onLost;
    private readonly List<int> _waitingIds = [];
    private ConfiguredValueTaskAwaitable<bool>.ConfiguredValueTaskAwaiter _move;
    private IAsyncEnumerator<DecodeUpdate>? _stream;
    private RequestBudget.Held? _held;
    private Exception? _error;
    private HybridException? _cut;
    private bool _more;
    private int _state;
    private long _movedAt;
    private TimeSpan? _firstToken;
    private TimeSpan _lastToken;
    private double _recentSeconds;
    private int _tokens;
    private int _waiting;
    private int _left;
    private int _discarded;
    private List<TokenScore>? _waitingScores;
    private DecodeCompletion? _completion;
    private SeamGuard? _guard;
    private string _guarded = "";
    private bool _closed;

    public Attempt(ITarget target, DecodeRequest request, AttemptTerms terms, Signal signal, TimeProvider time, MeasuredEnergy? energy, CancellationToken cancellationToken)
    {
        (_target, _request, _terms, _signal, _time) = (target, request, terms, signal, time);
        _guard = request.Continuation.Length > 0 ? new(request.Continuation) : null;
        _descriptor = target.Descriptor;
        var readiness = target.State.Readiness;
        _cold = readiness is TargetReadiness.Cold or TargetReadiness.Warming;
        _woke = readiness == TargetReadiness.Cold;
        _energy = _descriptor.Zone == Zone.Device ? energy?.Begin() : null;
        _activity = HybridActivity.Segment(terms.Parent, _descriptor, request);
        _ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _onMoved = OnMoved;
        _start = time.GetTimestamp();
        if (terms.Network is not { } network) return;
        _lost = network.Enter(Name);
        // Many streams are told at once, and none goes on on another's thread.
        _onLost = _lost.UnsafeRegister(static signal => ThreadPool.UnsafeQueueUserWorkItem(static signal => signal.Set(), (Signal)signal!, preferLocal: false), signal);
    }

    public string Name => _descriptor.Name;

    public TargetDescriptor Descriptor => _descriptor;

    /// <summary>The model that decodes: a replica may be a substitute.</summary>
    public string Model => Trace?.Model ?? _descriptor.Model;

    /// <summary>What a target over replicas tells of it; null of any other.</summary>
    public ReplicaTrace? Trace => _request.Replicas;

    /// <summary>What failed; set with <see cref="AttemptNews.Fault"/>.</summary>
    public Exception? Error => _cut ?? _error;

    /// <summary>Whether the network is lost to it: what came is kept, and nothing more is waited for.</summary>
    public bool IsCut => _lost.IsCancellationRequested;

    /// <summary>Tokens that left so far, those that were thrown away later too.</summary>
    public int Tokens => _left;

    /// <summary>When it was asked.</summary>
    public long AskedAt => _start;

    /// <summary>Whether it was begun at all: an attempt is sent when it is first looked at.</summary>
    public bool IsSent { get; private set; }

    /// <summary>Since when the target is being waited for; counts only after a look that found nothing.</summary>
    public long WaitingSince { get; private set; }

    /// <summary>Whether it started over, or said the end again, when it was asked to go on.</summary>
    public bool Repeats { get; private set; }

    /// <summary>Looks for the next update that has text or a tool call or ends the answer; its token count includes what was held back before it.</summary>
    public AttemptNews Poll(out DecodeUpdate update)
    {
        update = default;
        while (true)
        {
            if (_cut is not null) return AttemptNews.Fault;
            if (Volatile.Read(ref _state) == Idle && !IsCut) Move();
            if (Volatile.Read(ref _state) != Moved) return IsCut ? Cut() : AttemptNews.None;
            if (_error is null && !_more) _error = new HybridException(HybridError.TargetUnavailable, $"Target '{Name}' ended its stream without completing the answer.");
            if (_error is not null) return AttemptNews.Fault; // and stays so
            update = _stream!.Current;
            _state = Idle;
            if (!IsCut) _terms.Network?.Reached(Name);
            if (update.TokenIndex is { } index)
            {
                if (index != _tokens) return Fail($"sent token {index} of its answer where token {_tokens} was due");
                if (_tokens == 0) _guard = null; // who numbers tokens knows what it goes on from
            }

            Count(update);
            if (_guard is not null && Watch(ref update) is { } repeats) return Fail(repeats);
            var leaves = update.Text.Length > 0 || update.ToolCall is not null;
            if (!leaves && update.Completion is null)
            {
                if (_waiting <= MostWithoutText) continue;
                return Fail($"gave {_waiting} tokens without any text");
            }

            if (!leaves)
            {
                update = update with { TokenCount = 0, Scores = null, Tokens = [] };
                return AttemptNews.Update;
            }

            if (_waiting != update.TokenCount) update = update with { TokenCount = _waiting, Scores = _waitingScores, Tokens = [.. _waitingIds] };
            _left += _waiting;
            (_waiting, _waitingScores) = (0, null);
            _waitingIds.Clear();
            return AttemptNews.Update;
        }
    }

    /// <summary>Counts tokens whose text will not be delivered.</summary>
    public void Discard(int tokens) => _discarded += tokens;

    /// <summary>Ends the target's stream and says what it took. Figures the target did not report are worked out from the clock and the descriptor.</summary>
    public Receipt Close(RequestFinish finish, HybridException? fault = null)
    {
        var receipt = Receipt(finish, fault);
        HybridActivity.End(_activity, receipt);
        RequestBudget.Held? held;
        lock (_closing) (_closed, held) = (true, _held);
        _onLost.Unregister();
        if (_completion is null) Cancel();
        if (Interlocked.CompareExchange(ref _state, Abandoned, Moving) != Moving) Closing = ReleaseAsync();
        return _terms.Budget is { } budget && held is not null ? budget.Settle(held, receipt) : receipt;
    }

    /// <summary>The end of the target's stream; at once where the target still hangs.</summary>
    public Task Closing { get; private set; } = Task.CompletedTask;

    /// <summary>Holds the first text behind a seam until it can be told that the target goes on; gives what is wrong if it does not.</summary>
    private string? Watch(ref DecodeUpdate update)
    {
        var verdict = update.Text.Length > 0 ? _guard!.Hear(update.Text) : SeamGuard.Verdict.Undecided;
        if (verdict == SeamGuard.Verdict.Undecided && update.Completion is not null) verdict = _guard!.End();
        if (verdict == SeamGuard.Verdict.Repeats)
        {
            Repeats = true;
            return "was asked to go on and said again what was said";
        }

        _guarded += update.Text;
        var waits = verdict == SeamGuard.Verdict.Undecided && update.Completion is null && update.ToolCall is null;
        update = update with { Text = waits ? "" : _guarded };
        if (!waits) (_guard, _guarded) = (null, "");
        return null;
    }

    private AttemptNews Fail(string what)
    {
        _error = new HybridException(HybridError.TargetUnavailable, $"Target '{Name}' {what}.");
        _completion = null; // nor is its end one
        _state = Moved;
        return AttemptNews.Fault;
    }

    private AttemptNews Cut()
    {
        _cut = new HybridException(HybridError.TargetUnavailable, $"Target '{Name}' is out of reach: {NetworkState.Down}.");
        return AttemptNews.Fault;
    }

    /// <summary>A target may hold back the rest of a character or of a stop string, but not a whole answer.</summary>
    private const int MostWithoutText = 10_000;

    private void Move()
    {
        try
        {
            var move = Begin().GetAwaiter();
            if (!move.IsCompleted)
            {
                _move = move;
                WaitingSince = _time.GetTimestamp();
                Volatile.Write(ref _state, Moving);
                move.UnsafeOnCompleted(_onMoved);
                return;
            }

            _more = move.GetResult();
        }
        catch (Exception error)
        {
            Break(error);
        }

        _movedAt = _time.GetTimestamp();
        Volatile.Write(ref _state, Moved);
    }

    private ConfiguredValueTaskAwaitable<bool> Begin()
    {
        IsSent = true;
        return _stream is null ? OpenAsync().ConfigureAwait(false) : _stream.MoveNextAsync().ConfigureAwait(false);
    }

    private void OnMoved()
    {
        try
        {
            _more = _move.GetResult();
        }
        catch (Exception error)
        {
            Break(error);
        }

        _movedAt = _time.GetTimestamp();
        if (Interlocked.CompareExchange(ref _state, Moved, Moving) == Moving) _signal.Set();
        else Closing = ReleaseAsync();
    }

    private void Break(Exception error)
    {
        _error = error;
        if (!_closed) _terms.Network?.Failed(Name, error);
    }

    private async ValueTask<bool> OpenAsync()
    {
        var sent = _request;
        if (_terms.Budget is { } budget)
        {
            var held = await budget.TakeAsync(_terms.Seen with { Descriptor = _descriptor, State = _target.State }, _request, _terms.InputTokens, _terms.OutputBound, _ending.Token).ConfigureAwait(false);
            if (held.Refusal is { } refusal) throw new BudgetRefusalException(refusal);
            if (!Keep(held))
            {
                budget.Free(held);
                return false;
            }

            sent = held.Sent;
        }

        _stream = PrivacyGate.Send(_target, sent, _ending.Token).GetAsyncEnumerator(_ending.Token);
        return await _stream.MoveNextAsync().ConfigureAwait(false);
    }

    /// <summary>Keeps what the budget has set aside, until the end; false where the end came first.</summary>
    private bool Keep(RequestBudget.Held held)
    {
        lock (_closing)
        {
            if (_closed) return false;
            _held = held;
            return true;
        }
    }

    private void Count(in DecodeUpdate update)
    {
        _waiting += update.TokenCount;
        _tokens += update.TokenCount;
        if (update.Scores is { } scores) (_waitingScores ??= []).AddRange(scores);
        foreach (var id in update.Tokens) _waitingIds.Add(id);
        _completion = update.Completion;
        if (update.TokenCount == 0 && update.Text.Length == 0 && update.ToolCall is null) return;
        var at = _time.GetElapsedTime(_start, _movedAt);
        // The mean of the first ones, then a mean that forgets.
        if (_firstToken is not null && update.TokenCount > 0)
            _recentSeconds += (((at - _lastToken).TotalSeconds / update.TokenCount) - _recentSeconds) * Math.Min(1, update.TokenCount / Math.Min(_tokens - 1.0, RecentTokens));
        _lastToken = at;
        _firstToken ??= at;
    }

    private void Cancel()
    {
        try
        {
            _ending.Cancel();
        }
        catch (AggregateException)
        {
            // A target's own callback failed; its stream is closed all the same.
        }
    }

    private async Task ReleaseAsync()
    {
        try
        {
            if (_stream is not null) await _stream.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception error) when (error is HybridException or OperationCanceledException or ObjectDisposedException or IOException)
        {
            // The answer's outcome is already known; what its stream says at closing changes nothing.
        }
        finally
        {
            _ending.Dispose();
        }
    }
}

/// <summary>A budget kept an attempt from being sent; never leaves the conductor.</summary>
internal sealed class BudgetRefusalException(string reason) : Exception(reason);
