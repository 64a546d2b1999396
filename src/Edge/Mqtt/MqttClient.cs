using Hybrid.Edge.Mqtt.Wire;
using Hybrid.Policy.Learning;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.Edge.Mqtt;

/// <summary>The client of MQTT 5 and 3.1.1 that is in the box.</summary>
public sealed class MqttClient : IMqttClient
{
    private readonly Lock _lock = new();
    private readonly MqttClientOptions _options;
    private readonly ILogger _logger;
    private readonly MqttSession _session;
    private readonly Connector _connector;
    private readonly ReconnectDelay _delay;
    private Run? _run;
    private bool _disposed;

    /// <summary>Creates a client, which does nothing until it is started; with a <see cref="MqttClientOptions.SessionPath"/> it opens that file.</summary>
    /// <exception cref="HybridException">The options cannot be used (<see cref="HybridError.Configuration"/>), or the session's file cannot (<see cref="HybridError.Storage"/>).</exception>
    public MqttClient(MqttClientOptions options, ILogger<MqttClient>? logger = null)
        : this(options, logger, StreamLink.OpenAsync)
    {
    }

    /// <summary>Creates a client over links that another library makes.</summary>
    internal MqttClient(MqttClientOptions options, ILogger<MqttClient>? logger, LinkOpener open)
    {
        MqttClientOptionsCheck.Throw(options);
        (_options, _logger) = (options, logger ?? NullLogger<MqttClient>.Instance);
        _connector = new(options, open);
        _delay = new(options.ReconnectDelay, options.MaximumReconnectDelay, options.Randomizer ?? new EvenChance().Draw);
        _session = new(options, _logger);
    }

    /// <inheritdoc />
    public event EventHandler? ConnectionChanged;

    /// <inheritdoc />
    public MqttConnection Connection { get; private set; } = new(false, false, MqttReasonCode.Success, "not started");

    /// <summary>The client's name: its own, or the one that the broker gave it.</summary>
    public string ClientId => _connector.ClientId;

    /// <summary>How many messages of quality of service 0 were dropped because their handlers were too slow.</summary>
    public long Dropped => _session.Inbound.Dropped;

    /// <inheritdoc />
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Run run;
        bool first;
        lock (_lock)
        {
            if (_disposed) throw new HybridException(HybridError.Bus, "The client was disposed and cannot be started. Make a new one.");
            first = _run is null;
            run = _run ??= new();
            if (first)
            {
                _connector.Restart();
                _session.Inbound.Stopping = run.Stopping;
                run.Loop = Task.Run(() => KeepConnectedAsync(run), CancellationToken.None);
            }
        }

        try
        {
            await run.Connected.Task.WaitAsync(cancellationToken);
        }
        catch when (first)
        {
            await EndAsync(run, "The client could not be started.");
            throw;
        }
    }

    /// <inheritdoc />
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        Run? run;
        lock (_lock) run = _run;
        if (run is not null) await EndAsync(run, "The client was stopped.").WaitAsync(cancellationToken);
    }

    /// <inheritdoc />
    public Task<MqttPublished> PublishAsync(MqttMessage message, CancellationToken cancellationToken = default) =>
        _session.Outbound.PublishAsync(message, cancellationToken);

    /// <inheritdoc />
    public async Task<IAsyncDisposable> SubscribeAsync(
        MqttSubscription subscription, Func<MqttMessage, CancellationToken, ValueTask> handler, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        bool started;
        lock (_lock)
        {
            if (_disposed) throw new HybridException(HybridError.Bus, "The client was disposed and subscribes to nothing. Make a new one.");
            started = _run is not null;
        }

        var added = _session.Inbound.Subscriptions.Add(subscription, handler);
        if (!started) return added;
        try
        {
            return await added.Filter.Answer.Task.WaitAsync(cancellationToken) is { } refusal ? throw refusal : added;
        }
        catch
        {
            await added.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        Run? run;
        lock (_lock)
        {
            if (_disposed) return;
            (_disposed, run) = (true, _run);
        }

        const string why = "The client was disposed.";
        if (run is not null) await EndAsync(run, why);
        _session.Outbound.Stop(why, forever: true);
        _session.Dispose();
    }

    private Task EndAsync(Run run, string why)
    {
        lock (_lock) return run.Ending ??= Task.Run(() => EndNowAsync(run, why));
    }

    private async Task EndNowAsync(Run run, string why)
    {
        await run.StopAsync();
        lock (_lock) _run = null;
        _session.Outbound.Stop(why, forever: false);
        _session.Inbound.Subscriptions.Stop(new(HybridError.Bus, $"{why} The subscription is not made."));
        Say(Connection with { IsConnected = false, Reason = MqttReasonCode.Success, Why = "stopped" });
        run.Dispose();
    }

    private async Task KeepConnectedAsync(Run run)
    {
        while (true)
        {
            var began = _options.TimeProvider.GetTimestamp();
            MqttFailure failure;
            try
            {
                failure = await ConnectAsync(run);
            }
            catch (OperationCanceledException) when (run.Stopping.IsCancellationRequested)
            {
                return;
            }
            catch (MqttFault fault)
            {
                failure = fault.Failure;
            }
            catch (HybridException wrong) // a file that the options name
            {
                failure = new(MqttReasonCode.UnspecifiedError, wrong.Message, wrong.Error, IsPermanent: true, wrong);
            }

            if (run.Stopping.IsCancellationRequested) return;
            var delay = _delay.Next(failure, _options.TimeProvider.GetElapsedTime(began));
            Say(new(false, Connection.SessionPresent, failure.Reason, failure.Why));
            if (failure.IsPermanent && run.Refuse(failure)) return;
            MqttLog.Lost(_logger, _options.Broker.Host, failure.Why, delay.TotalSeconds);
            await Task.Delay(delay, _options.TimeProvider, run.Stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (run.Stopping.IsCancellationRequested) return;
        }
    }

    // One connection, from its making to its end.
    private async Task<MqttFailure> ConnectAsync(Run run)
    {
        var (link, answer) = await _connector.ConnectAsync(run.Stopping);
        await using (link)
        {
            MqttMeter.Connected();
            MqttLog.Connected(_logger, _options.Broker.Host, answer.SessionPresent ? "still has" : "did not have");
            Say(new(true, answer.SessionPresent, answer.Reason, answer.Why ?? "connected"));
            _ = run.FollowAsync(_session.Attach(link, answer.SessionPresent));
            await using var stop = run.Stopping.UnsafeRegister(static link => ((Link)link!).End(new(MqttReasonCode.Success, "stopped"), tell: true), link);
            var failure = await link.RunAsync(_session, _connector.ForgetsSession);
            _session.Detach();
            return failure;
        }
    }

    private void Say(MqttConnection connection)
    {
        Connection = connection;
        ConnectionChanged?.Invoke(this, EventArgs.Empty);
    }

    /// <summary>The time between a start and a stop.</summary>
    private sealed class Run : IDisposable
    {
        private readonly CancellationTokenSource _stop = new();

        public Run() => Stopping = _stop.Token;

        public CancellationToken Stopping { get; }

        /// <summary>Ends with the first connection whose subscriptions are made, or with why there is none.</summary>
        public TaskCompletionSource Connected { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Loop { get; set; } = Task.CompletedTask;

        /// <summary>The end of it, however many ask for it.</summary>
        public Task? Ending { get; set; }

        /// <summary>True where nobody was connected yet, who is now told that it will not be.</summary>
        public bool Refuse(MqttFailure failure) => Connected.TrySetException(failure.Cause as HybridException ?? failure.Throwable("Nothing was sent; correct it and start again."));

        /// <summary>Counts as connected when the subscriptions are answered.</summary>
        public async Task FollowAsync(Task<HybridException?> settled)
        {
            if (await settled is { } refusal) Connected.TrySetException(refusal);
            else Connected.TrySetResult();
        }

        public async Task StopAsync()
        {
            await _stop.CancelAsync();
            Connected.TrySetCanceled(CancellationToken.None);
            await Loop;
        }

        public void Dispose() => _stop.Dispose();
    }
}
