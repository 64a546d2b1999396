using Hybrid.Chat;
using Hybrid.Configuration;
using Hybrid.OpenAi;
using Hybrid.Storage;
using Microsoft.Extensions.Logging;

namespace Hybrid.Edge.Waiting;

/// <summary>Requests that can wait: on disk before they are acknowledged, run when their time comes, kept until they are fetched or expire.</summary>
/// <remarks>
/// <para>A request starts in the slot that the policy's planner chose; the plan is looked at again every minute. Where nobody may take it then,
/// such as without a network, it is tried again until its time is over, the last time at that moment; then it fails, with the reason.</para>
/// <para>A process that ends in the middle of a run leaves the request as it was, and the next process runs it again, thrice at most. Thread-safe.</para>
/// </remarks>
internal sealed partial class WaitingRequests : IAsyncDisposable
{
    private const int MostBegun = 3;
    private static readonly TimeSpan Look = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Tidied = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(30);
    private readonly Lock _lock = new();
    private readonly HybridChatClient _client;
    private readonly WaitingOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly WaitingStore _store;
    private readonly Dictionary<string, Entry> _entries = [];
    private readonly SemaphoreSlim _turns;
    private readonly CancellationTokenSource _stopped = new();
    private readonly CancellationTokenSource _draining = new();
    private readonly ITimer _tidying;

    private WaitingRequests(HybridChatClient client, WaitingOptions options, TimeProvider time, ILogger logger, IDisk disk)
    {
        (_client, _options, _time, _logger) = (client, options, time, logger);
        _turns = new(options.MaxRunning, options.MaxRunning);
        (_store, var waiting, var ended) = WaitingStore.Open(options.Path, disk);
        var now = time.GetUtcNow();
        foreach (var (id, state, at) in ended) _entries[id] = new(null) { State = state, EndedAt = at < now ? at : now };
        foreach (var request in waiting) Begin(request);
        _tidying = time.CreateTimer(_ => Tidy(), null, Look, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How many wait or run.</summary>
    public int Count
    {
        get
        {
            lock (_lock) return _entries.Values.Count(entry => entry.EndedAt is null);
        }
    }

    /// <summary>Opens the folder and goes on with what waits there.</summary>
    /// <exception cref="HybridException">The folder cannot be used (<see cref="HybridError.Storage"/>).</exception>
    public static WaitingRequests Open(HybridChatClient client, WaitingOptions options, TimeProvider time, ILogger logger, IDisk? disk = null) => new(client, options, time, logger, disk ?? Disk.Real);

    /// <summary>Takes a request; once this returns it survives a power loss.</summary>
    /// <exception cref="OpenAiException">It cannot be answered as it is.</exception>
    /// <exception cref="HybridException">It is invalid, too many wait already (<see cref="HybridError.Busy"/>), or it could not be written (<see cref="HybridError.Storage"/>); it was not taken.</exception>
    public WaitingStatus Add(byte[] body, IReadOnlyDictionary<string, string> headers)
    {
        var request = WaitingRequest.Of(body, headers, _client.DefaultPrivacy, _time.GetUtcNow());
        _client.Plan(request.Read().Call); // refuses what can never be run, such as a policy that there is none of
        lock (_lock)
        {
            if (_draining.IsCancellationRequested) throw new HybridException(HybridError.TargetUnavailable, "The server is stopping. The request was not taken; ask again in a moment.");
            if (_entries.Count >= _options.MaxRequests) throw new HybridException(HybridError.Busy, $"{_entries.Count} requests wait or are kept with their answers already. This one was not taken; fetch and remove answers, or ask later.");
            _store.Put(request);
            return Status(request.Id, Begin(request));
        }
    }

    /// <summary>How a request is; null where there is none of that name.</summary>
    public WaitingStatus? Find(string id)
    {
        lock (_lock) return _entries.TryGetValue(id, out var entry) ? Status(id, entry) : null;
    }

    /// <summary>Ends a request and removes all of it; false where there is none of that name.</summary>
    public bool Remove(string id)
    {
        Entry? entry;
        lock (_lock)
        {
            if (!_entries.TryGetValue(id, out entry)) return false;
            _store.Remove(id);
            _entries.Remove(id);
            entry.IsRemoved = true;
        }

        entry.Dispose();
        return true;
    }

    /// <summary>Starts nothing more, and lets what runs end until the token is cancelled.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        await _draining.CancelAsync();
        for (var i = 0; i < _options.MaxRunning; i++)
        {
            if (cancellationToken.IsCancellationRequested) return;
            await _turns.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Ends what runs; the next process runs it again.</summary>
    public async ValueTask DisposeAsync()
    {
        await _draining.CancelAsync();
        Entry[] entries;
        lock (_lock) entries = [.. _entries.Values];
        await _tidying.DisposeAsync();
        await _stopped.CancelAsync();
        await Task.WhenAll(entries.Select(entry => entry.Work));
        foreach (var entry in entries) entry.Dispose();
        _store.Dispose();
    }

    private Entry Begin(WaitingRequest request)
    {
        var entry = new Entry(request);
        _entries[request.Id] = entry;
        entry.Work = Task.Run(() => KeepAsync(entry, request));
        return entry;
    }

    private async Task KeepAsync(Entry entry, WaitingRequest request)
    {
        var removed = entry.Removed;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(_stopped.Token, removed);
        try
        {
            if (request.Begun >= MostBegun)
                Fail(entry, request.Id, HybridError.Internal, $"The process ended {request.Begun} times while this request ran. It is not run again.");
            else
                await RunAsync(entry, request, end.Token);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // It was removed, or the next process goes on with it.
        }
        catch (HybridException failure)
        {
            LogLost(_logger, failure.Message); // The disk: it is as it was, and the next process tries again.
        }
        catch (Exception failure)
        {
            LogUnforeseen(_logger, failure);
        }
    }

    private async Task RunAsync(Entry entry, WaitingRequest request, CancellationToken cancellationToken)
    {
        var (question, call) = request.Read();
        var retry = FirstRetry;
        while (true)
        {
            await WaitForSlotAsync(entry, request, call, cancellationToken);
            HybridError error;
            string problem;
            using (await TurnAsync(cancellationToken))
            {
                if (_client.Obstacle(call) is { } obstacle)
                {
                    (error, problem) = (HybridError.NoTargetAllowed, obstacle);
                }
                else
                {
                    try
                    {
                        await AnswerAsync(entry, request, question, call, cancellationToken);
                        return;
                    }
                    catch (HybridException failure) when (failure.Error is not HybridError.Storage)
                    {
                        (error, problem) = (failure.Error, failure.Message);
                    }
                }
            }

            var left = request.Until - _time.GetUtcNow();
            if (left <= TimeSpan.Zero || error is not (HybridError.NoTargetAllowed or HybridError.TargetUnavailable or HybridError.Busy or HybridError.BudgetExceeded or HybridError.Bus))
            {
                Fail(entry, request.Id, error, left <= TimeSpan.Zero ? $"Its time is over, and it could not be answered: {problem}" : problem);
                return;
            }

            var pause = retry < left ? retry : left;
            retry = retry * 2 < LongestRetry ? retry * 2 : LongestRetry;
            var paused = Task.Delay(pause, _time, cancellationToken);
            Say(entry, WaitingState.Waiting, _time.GetUtcNow() + pause, problem); // behind the timer: whoever reads it may count on that
            await paused;
        }
    }

    private async Task WaitForSlotAsync(Entry entry, WaitingRequest request, ChatCall call, CancellationToken cancellationToken)
    {
        while (await _client.PlanAsync(call, cancellationToken) is { } plan && plan.StartAt - _time.GetUtcNow() is var left && left > TimeSpan.Zero && _time.GetUtcNow() < request.Until)
        {
            var looked = Task.Delay(left < Look ? left : Look, _time, cancellationToken);
            Say(entry, WaitingState.Waiting, plan.StartAt, plan.Reason);
            await looked;
        }
    }

    private async Task AnswerAsync(Entry entry, WaitingRequest request, OpenAiQuestion question, ChatCall call, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (entry.IsRemoved) return;
            _store.Put(request with { Begun = request.Begun + 1 });
        }

        var began = _time.GetUtcNow();
        Say(entry, WaitingState.Running, began, "");
        // Its wait is over; another one, inside the client, would keep the place from the next request.
        var answer = new AnsweredCall(_client, call with { Wishes = call.Wishes with { CanWaitUntil = null } });
        var shape = new ChatShape("chatcmpl-" + request.Id, _time.GetUtcNow().ToUnixTimeSeconds(), call.Model ?? "hybrid") { Note = () => answer.Note is { } note ? note with { DeferredSeconds = (began - request.AskedAt).TotalSeconds } : null };
        var body = await shape.CollectAsync(answer.RunAsync(cancellationToken), question.Request.LogProbabilities is not null);
        lock (_lock)
        {
            if (entry.IsRemoved) return;
            _store.Finish(request.Id, body);
            entry.End(WaitingState.Done, _time.GetUtcNow());
        }
    }

    private async ValueTask<IDisposable> TurnAsync(CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _draining.Token);
        try
        {
            await _turns.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken); // Nothing begins any more; the next process goes on.
        }

        var turn = new Turn(_turns);
        if (!_draining.IsCancellationRequested) return turn;
        turn.Dispose();
        await Task.Delay(Timeout.Infinite, cancellationToken);
        throw new OperationCanceledException(cancellationToken);
    }

    private void Fail(Entry entry, string id, HybridError error, string message)
    {
        lock (_lock)
        {
            if (entry.IsRemoved) return;
            _store.Fail(id, WaitingStore.Error(error, message));
            entry.End(WaitingState.Failed, _time.GetUtcNow());
        }

        LogFailed(_logger, id, error);
    }

    private void Say(Entry entry, WaitingState state, DateTimeOffset at, string reason)
    {
        lock (_lock) (entry.State, entry.StartAt, entry.Reason) = (state, at, reason);
    }

    private WaitingStatus Status(string id, Entry entry) => new(
        id, entry.State, entry.Until, entry.StartAt, entry.Reason, entry.EndedAt is null ? default : _store.Result(id, entry.State));

    private void Tidy()
    {
        lock (_lock)
        {
            _tidying.Change(Tidied, Timeout.InfiniteTimeSpan);
            var oldest = _time.GetUtcNow() - _options.KeepAnswers;
            foreach (var (id, _) in _entries.Where(one => one.Value.EndedAt < oldest).ToArray())
            {
                try
                {
                    _store.Remove(id);
                    _entries.Remove(id);
                }
                catch (HybridException failure)
                {
                    LogLost(_logger, failure.Message);
                    return;
                }
            }
        }
    }

    [LoggerMessage(4401, LogLevel.Warning, "The request {Id} that could wait has no answer: {Error}.")]
    private static partial void LogFailed(ILogger logger, string id, HybridError error);

    [LoggerMessage(4402, LogLevel.Error, "A request that can wait is left as it is until the next start: {Reason}")]
    private static partial void LogLost(ILogger logger, string reason);

    [LoggerMessage(4403, LogLevel.Error, "A request that can wait failed unforeseen; the next start runs it again.")]
    private static partial void LogUnforeseen(ILogger logger, Exception failure);

    private sealed class Turn(SemaphoreSlim turns) : IDisposable
    {
        public void Dispose() => turns.Release();
    }

    /// <summary>One request; its fields change under the lock.</summary>
    private sealed class Entry : IDisposable
    {
        private readonly CancellationTokenSource _removed = new();

        public Entry(WaitingRequest? request) => (Removed, Until) = (_removed.Token, request?.Until ?? default);

        public CancellationToken Removed { get; }

        public DateTimeOffset Until { get; }

        public Task Work { get; set; } = Task.CompletedTask;

        public WaitingState State { get; set; }

        public DateTimeOffset? StartAt { get; set; }

        public string Reason { get; set; } = "";

        public DateTimeOffset? EndedAt { get; set; }

        public bool IsRemoved { get; set; }

        /// <summary>Ends its work.</summary>
        public void Dispose()
        {
            _removed.Cancel();
            _removed.Dispose();
        }

        public void End(WaitingState state, DateTimeOffset at) => (State, StartAt, Reason, EndedAt) = (state, null, "", at);
    }
}
