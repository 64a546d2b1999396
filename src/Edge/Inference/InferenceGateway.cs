using System.Text.Json;
using Hybrid.Chat;
using Hybrid.Edge.Mqtt;
using Hybrid.OpenAi;
using Hybrid.Storage;

namespace Hybrid.Edge.Inference;

/// <summary>Answers requests that come over the bus, each once: also where it is delivered twice, and across a restart.</summary>
/// <remarks>
/// A request is acknowledged to the broker when it is on disk. One of which no word has left is run again after a restart; one whose
/// answer was begun is ended with the error <c>interrupted</c>. Thread-safe.
/// </remarks>
public sealed class InferenceGateway : IAsyncDisposable
{
    private readonly HybridChatClient _client;
    private readonly IMqttClient _bus;
    private readonly InferenceGatewayOptions _options;
    private readonly RequestLedger _ledger;
    private readonly Lock _lock = new();
    private readonly PriorityQueue<BusRequest, (int Priority, long Arrival)> _queue = new();
    private readonly Dictionary<string, CancellationTokenSource> _waiting = [];
    private readonly CancellationTokenSource _stopped = new();
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly IReadOnlyList<BusRequest> _broken;
    private readonly List<IAsyncDisposable> _subscriptions = [];
    private Task _interrupting = Task.CompletedTask;
    private long _arrivals;
    private int _running;
    private bool _draining;

    private InferenceGateway(HybridChatClient client, IMqttClient bus, InferenceGatewayOptions options, IDisk disk)
    {
        (_client, _bus, _options) = (client, bus, options);
        (_ledger, var open, _broken) = RequestLedger.Open(options.Path, options.RememberFor, options.MaxRemembered, options.TimeProvider, disk);
        foreach (var request in open) Enqueue(request);
    }

    /// <summary>Answers that are being given.</summary>
    public int Running => Volatile.Read(ref _running);

    /// <summary>Requests that wait for their turn.</summary>
    public int Queued
    {
        get
        {
            lock (_lock) return _queue.Count;
        }
    }

    /// <summary>Begins to take requests, and goes on with those that an earlier process took.</summary>
    /// <param name="client">Answers them, under its policies.</param>
    /// <param name="bus">Brings them; not disposed. Called before the bus is started, none of a kept session is missed.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Ends the wait for the subscription.</param>
    /// <exception cref="HybridException">An option is out of range (<see cref="HybridError.Configuration"/>), or the folder cannot be used (<see cref="HybridError.Storage"/>).</exception>
    public static Task<InferenceGateway> StartAsync(HybridChatClient client, IMqttClient bus, InferenceGatewayOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(bus);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        return StartAsync(client, bus, options, Disk.Real, cancellationToken);
    }

    /// <summary>Tells new requests that it is unavailable, and lets the taken ones end.</summary>
    /// <param name="cancellationToken">Ends the wait; what has not begun by then is run after the next start.</param>
    public async Task DrainAsync(CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            _draining = true;
            if (_running == 0 && _queue.Count == 0) _idle.TrySetResult();
        }

        await Task.WhenAll(_idle.Task, _interrupting).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Takes no more requests and ends those that run; what has not begun is run after the next start.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var one in _subscriptions) await one.DisposeAsync();
        lock (_lock)
        {
            _draining = true;
            _queue.Clear();
            if (_running == 0) _idle.TrySetResult();
        }

        await _stopped.CancelAsync();
        await _idle.Task;
        await _interrupting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ledger.Dispose();
        _stopped.Dispose();
    }

    internal static async Task<InferenceGateway> StartAsync(HybridChatClient client, IMqttClient bus, InferenceGatewayOptions options, IDisk disk, CancellationToken cancellationToken)
    {
        var gateway = new InferenceGateway(client, bus, options, disk);
        try
        {
            gateway._subscriptions.Add(await bus.SubscribeAsync(new(InferTopics.Cancels(options.Fleet, options.Device)), gateway.OnCancel, cancellationToken));
            gateway._subscriptions.Add(await bus.SubscribeAsync(new(InferTopics.Requests(options.Fleet, options.Device)), gateway.OnRequestAsync, cancellationToken));
        }
        catch
        {
            await gateway.DisposeAsync();
            throw;
        }

        gateway._interrupting = gateway.InterruptAsync();
        gateway.Pump();
        return gateway;
    }

    private async ValueTask OnRequestAsync(MqttMessage message, CancellationToken cancellationToken)
    {
        var now = _options.TimeProvider.GetUtcNow();
        if (BusRequest.Of(message, _options.Fleet, now) is not { } request)
        {
            InferenceLog.NoReply(_options.Logger, message.Payload.Length);
            return;
        }

        if (_ledger.Knows(request))
        {
            InferenceLog.Repeated(_options.Logger);
            return;
        }

        if ((Refusal(request) ?? Take(request)) is not { } refusal) return;
        InferenceLog.Refused(_options.Logger, refusal.Code);
        await new ReplyStream(_bus, request, static () => { }).FailAsync(refusal.Code, refusal.Message, cancellationToken);
        _ledger.Refuse(request);
    }

    private (string Code, string Message)? Refusal(BusRequest request)
    {
        if (request.Body.Length > _options.MaxRequestBytes) return ("invalid_value", $"The request has {request.Body.Length} bytes, and this gateway takes {_options.MaxRequestBytes}.");
        lock (_lock)
        {
            if (_draining) return (ErrorCodes.Of(HybridError.TargetUnavailable), "The gateway is stopping; ask again in a moment, or ask another one.");
            return _running < _options.MaxRunning || _queue.Count < _options.MaxQueued ? null
                : (ErrorCodes.Of(HybridError.Busy), $"{_options.MaxQueued} requests wait already; ask again later, under a new id.");
        }
    }

    private (string Code, string Message)? Take(BusRequest request)
    {
        try
        {
            if (!_ledger.TryTake(request)) return null;
        }
        catch (HybridException failure)
        {
            return (ErrorCodes.Of(failure.Error), "The gateway cannot write the request down, and did not take it. Ask again later.");
        }

        lock (_lock) Enqueue(request);
        Pump();
        return null;
    }

    private ValueTask OnCancel(MqttMessage message, CancellationToken cancellationToken)
    {
        if (BusRequest.Of(message, _options.Fleet, _options.TimeProvider.GetUtcNow()) is not { } request) return default;
        lock (_lock) return _waiting.TryGetValue(request.Key, out var found) ? new(found.CancelAsync()) : default; // what is found there is not disposed yet
    }

    private void Enqueue(BusRequest request)
    {
        _waiting[request.Key] = new();
        _queue.Enqueue(request, (-(int)request.Priority(_options.TimeProvider.GetUtcNow()), _arrivals++));
    }

    private void Pump()
    {
        lock (_lock)
        {
            while (_running < _options.MaxRunning && !_stopped.IsCancellationRequested && _queue.TryDequeue(out var request, out _))
            {
                _running++;
                _ = Task.Run(() => RunAsync(request, _waiting[request.Key]));
            }
        }
    }

    private async Task RunAsync(BusRequest request, CancellationTokenSource unwanted)
    {
        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(unwanted.Token, _stopped.Token);
            var tried = false;
            var reply = new ReplyStream(_bus, request, () =>
            {
                if (tried) return; // The disk failed, and the error that says so leaves nevertheless.
                tried = true;
                _ledger.Begin(request);
            });
            if (await AnswerAsync(request, reply, either.Token, unwanted.Token) is { } error && !_stopped.IsCancellationRequested)
                await reply.FailAsync(error.Code, error.Message, _stopped.Token);
            _stopped.Token.ThrowIfCancellationRequested();
            _ledger.End(request);
        }
        catch (OperationCanceledException) when (_stopped.IsCancellationRequested)
        {
            // The next process goes on with it, or says that it was interrupted.
        }
        catch (Exception failure)
        {
            InferenceLog.Failed(_options.Logger, failure);
        }
        finally
        {
            lock (_lock)
            {
                _waiting.Remove(request.Key);
                _running--;
                if (_draining && _running == 0 && _queue.Count == 0) _idle.TrySetResult();
            }

            unwanted.Dispose();
            Pump();
        }
    }

    private async Task<(string Code, string Message)?> AnswerAsync(BusRequest request, ReplyStream reply, CancellationToken either, CancellationToken unwanted)
    {
        try
        {
            var call = request.Read(_options.TimeProvider.GetUtcNow());
            await reply.SendAsync(new AnsweredCall(_client, call), either);
            return null;
        }
        catch (OperationCanceledException) when (unwanted.IsCancellationRequested)
        {
            return (Reply.Cancelled, "The request was cancelled. What was sent stands.");
        }
        catch (OperationCanceledException)
        {
            return (Reply.Interrupted, "The gateway is stopping. What was sent stands; ask again under a new id.");
        }
        catch (OpenAiException refused)
        {
            return (refused.Error.Code ?? "invalid_value", refused.Message);
        }
        catch (JsonException unread)
        {
            return ("invalid_json", $"The request is not valid JSON (line {unread.LineNumber + 1}).");
        }
        catch (HybridException failure)
        {
            return (ErrorCodes.Of(failure.Error), failure.Message);
        }
    }

    private async Task InterruptAsync()
    {
        foreach (var request in _broken)
        {
            await ReplyStream.InterruptAsync(_bus, request, _stopped.Token);
            _ledger.End(request);
        }
    }
}
