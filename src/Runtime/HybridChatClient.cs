using System.Runtime.CompilerServices;
using Hybrid.Accounting;
using Hybrid.Accounting.Budgets;
using Hybrid.Accounting.Predictors;
using Hybrid.Chat;
using Hybrid.Configuration;
using Hybrid.Device;
using Hybrid.Network;
using Hybrid.Policy;
using Hybrid.Policy.Learning;
using Hybrid.Streaming;
using Hybrid.Targets;
using Hybrid.Warmth;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid;

/// <summary>The front door: one chat client over every target, a policy that chooses, and a stream that survives a failed target.</summary>
/// <remarks>
/// <para>Thread-safe. Neither messages nor options are changed. Options that no target can honour are refused with
/// <see cref="HybridError.InvalidRequest"/>; sampling that is unset is <see cref="SamplingOptions.Default"/> (temperature 0.8,
/// top-k 40, top-p 0.95, min-p 0.05, no penalties), whichever target decodes.</para>
/// <para>When a target fails, the next best one goes on from exactly the delivered text; text that was delivered never changes.
/// Not worth another target are a request that is invalid before any text was delivered and a deadline that has passed.
/// A request pinned to a target has no standby.</para>
/// <para>Failures are <see cref="HybridException"/>; its <see cref="Exception.Data"/> holds the receipt, or the decision where
/// no target was allowed, under <see cref="HybridUpdateKeys"/>. Cancelling throws <see cref="OperationCanceledException"/>.</para>
/// <para>Where a budget applies, the most that an attempt can cost is reserved before it is sent; without room for it the next
/// target is asked, and without any the request fails with <see cref="HybridError.BudgetExceeded"/>.</para>
/// <para>The targets are disposed with the client only where <see cref="HybridChatClientOptions.OwnsTargets"/> says so.</para>
/// </remarks>
public sealed partial class HybridChatClient : IChatClient, IAsyncDisposable
{
    private readonly IReadOnlyList<ITarget> _targets;
    private readonly TargetPredictor[] _predictors;
    private readonly OutputLengths _lengths = new();
    private readonly HybridChatClientOptions _options;
    private readonly Func<PolicySet> _policies;
    private readonly ChatRequestReader _reader;
    private readonly Conductor _conductor;
    private readonly Experience _experience;
    private readonly ILogger _logger;
    private readonly MeasuredEnergy? _energy;
    private readonly SlotWait _slots;
    private readonly NetworkState? _network;
    private readonly StateWatch? _watch;
    private readonly IBattery _battery;
    private readonly IDeviceFacts _facts;
    private readonly PreWarmer? _preWarmer;
    private readonly ChatClientMetadata _metadata = new("hybrid");
    private int _disposed;

    /// <summary>Makes a client over targets, in the order that breaks ties.</summary>
    /// <exception cref="HybridException">A name is used twice, or a figure is negative or not finite (<see cref="HybridError.Configuration"/>).</exception>
    public HybridChatClient(IEnumerable<ITarget> targets, HybridChatClientOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(targets);
        _targets = [.. targets];
        _options = options ?? new();
        FigureRules.Check(_targets, [_options.Policy, .. _options.Policies]);
        var fixedSet = new PolicySet(_options.Policy, _options.Privacy, _options.Policies);
        _policies = _options.PolicySource ?? (() => fixedSet);
        _logger = _options.Logger ?? NullLogger.Instance;
        _predictors = [.. _targets.Select(target => new TargetPredictor(target.Descriptor, _options.TimeProvider))];
        var counter = _targets.OfType<ITokenCounter>().FirstOrDefault();
        _reader = new(_targets, _options.TokenEstimator ?? (counter is null ? TokenEstimate.OfMessages : counter.CountTokens), _lengths, _options.TimeProvider);
        if (_options.MeasurePower) _energy = OpenMeter();
        _network = NetworkState.Of(_targets, _options.Network, _options.TimeProvider, _options.Randomizer ?? new EvenChance().Draw, _logger);
        _battery = _options.Battery ?? new SystemBattery(_options.SystemFiles, _options.TimeProvider);
        _facts = _options.Facts ?? new SystemFacts(_options.TimeProvider, _battery);
        _watch = StateWatch.Of(_targets, _network, _options.TimeProvider);
        _conductor = new(new(_options.TimeProvider, _logger, Find, Snapshots, _energy, _network));
        _slots = new(_options.TimeProvider, _options.Grid);
        _experience = new(_options, _policies(), _logger);
        _preWarmer = PreWarmer.Of(_targets, _options, Snapshots, _network, _logger);
        // The first look asks the grids and the pools, so that a decision soon finds their answers.
        Snapshots();
    }

    /// <summary>Whether targets that need a network are out of reach because there is none.</summary>
    internal bool IsOffline => _network?.IsDown == true;

    /// <summary>What is known of this device now.</summary>
    internal DeviceFacts Facts => _facts.Now;

    /// <summary>How long each target took to answer the last question of how it is.</summary>
    internal IEnumerable<KeyValuePair<string, TimeSpan>> RoundTrips => _watch?.RoundTrips ?? [];

    /// <summary>Bytes a second that the way to each target took when a request last filled it.</summary>
    internal IEnumerable<KeyValuePair<string, double>> Bandwidths =>
        _targets.Where(target => target is INetworkTarget { BytesPerSecond: not null }).Select(target => KeyValuePair.Create(target.Descriptor.Name, ((INetworkTarget)target).BytesPerSecond!.Value));

    /// <summary>Says which target would take a request, and why; sends nothing.</summary>
    public Decision Decide(IEnumerable<ChatMessage> messages, ChatOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var request = _reader.Read("", messages, options, _policies());
        var targets = Snapshots();
        var profile = RequestBudget.Within(_options.Budgets, request.Profile);
        return _experience.Decide(profile, targets, request.Policy).Placed(_slots.Plan(profile, targets, request.Policy));
    }

    /// <summary>Says how good an answer was; a second word on the same answer replaces the first.</summary>
    /// <param name="responseId">The <see cref="ChatResponse.ResponseId"/> of one of the last 10,000 answers.</param>
    /// <param name="score">0 (useless) to 1 (as good as can be).</param>
    /// <exception cref="HybridException">The answer is not known or too old, or the score is out of range (<see cref="HybridError.InvalidRequest"/>).</exception>
    public void Feedback(string responseId, double score)
    {
        ArgumentNullException.ThrowIfNull(responseId);
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        _experience.Feedback(responseId, score);
    }

    /// <inheritdoc />
    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var response = await GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);
        // Collecting puts the updates' properties on the message, where few would look for a receipt.
        response.AdditionalProperties ??= response.Messages.LastOrDefault()?.AdditionalProperties?.Clone();
        return response;
    }

    /// <inheritdoc />
    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        return StreamAsync(messages, options, cancellationToken);
    }

    /// <inheritdoc />
    /// <remarks>Gives itself, its <see cref="ChatClientMetadata"/> and its targets (<see cref="IReadOnlyList{T}"/> of <see cref="ITarget"/>).</remarks>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceKey is not null) return null;
        if (serviceType == typeof(ChatClientMetadata)) return _metadata;
        if (serviceType == typeof(IReadOnlyList<ITarget>)) return _targets;
        return serviceType.IsInstanceOfType(this) ? this : null;
    }

    /// <summary>Disposes the targets if the client owns them, and writes the decision log to its end, waiting for both.</summary>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <summary>Disposes the targets if the client owns them, and writes the decision log to its end.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        if (_preWarmer is not null) await _preWarmer.DisposeAsync();
        _energy?.Dispose();
        _watch?.Dispose();
        _network?.Dispose();
        if (_options.Prefetcher is not null) await _options.Prefetcher.DisposeAsync();
        foreach (var target in _options.OwnsTargets ? _targets : []) await target.DisposeAsync();
        await _experience.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Streams the answer to a question that came over a wire; the last piece, and only it, has the receipt.</summary>
    internal IAsyncEnumerable<StreamPiece> StreamAsync(ChatCall call, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        return StreamAsync(_reader.Read(Guid.NewGuid().ToString("N"), call, _policies()), null, cancellationToken);
    }

    /// <summary>When a question that came over a wire should start, as far as is known now; null where it cannot wait.</summary>
    internal Deferral? Plan(ChatCall call)
    {
        var request = _reader.Read("", call, _policies());
        return _slots.Plan(request.Profile, Snapshots(), request.Policy);
    }

    /// <summary>The same with the first word of the grids' forecasts, which takes 2 s at most.</summary>
    internal async ValueTask<Deferral?> PlanAsync(ChatCall call, CancellationToken cancellationToken)
    {
        if (_options.Grid is { } grid) await LiveFigures.ReadyAsync(grid, _targets.Select(target => target.Descriptor), cancellationToken);
        return Plan(call);
    }

    /// <summary>Why nobody may take a question that came over a wire now; null where somebody may.</summary>
    internal string? Obstacle(ChatCall call)
    {
        var request = _reader.Read("", call, _policies());
        var decision = _experience.Decide(RequestBudget.Within(_options.Budgets, request.Profile), Snapshots(), request.Policy);
        return decision.Chosen is null ? decision.ExplainLine() : null;
    }

    /// <summary>The class that a question without one of its own has now.</summary>
    internal PrivacyClass DefaultPrivacy => _policies().Privacy;

    private async IAsyncEnumerable<ChatResponseUpdate> StreamAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var request = _reader.Read(Guid.NewGuid().ToString("N"), messages, options, _policies());
        UpdateWriter? updates = null;
        void Begin(Decision decision) => updates = new(request.Decode.Id, decision, _options.TimeProvider, request.HandoverMarkers);
        await foreach (var piece in StreamAsync(request, Begin, cancellationToken))
            yield return updates!.Write(piece);
    }

    private async IAsyncEnumerable<StreamPiece> StreamAsync(
        ChatRequest request, Action<Decision>? decided, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var id = request.Decode.Id;
        (request, var deferral) = await WaitAsync(request, cancellationToken);
        var asked = _options.TimeProvider.GetTimestamp();
        await HearAsync(request, cancellationToken);
        var budget = RequestBudget.Of(_options.Budgets, request.Profile, _options.TimeProvider);
        var targets = Snapshots();
        var decision = _experience.Take(id, RequestBudget.Within(_options.Budgets, request.Profile), targets, request.Policy).Placed(deferral);
        _preWarmer?.Arrived(decision.Profile, targets, request.Policy);
        if (decision.Chosen is null) throw Refuse(decision);
        LogDecided(_logger, id, decision.ExplainLine());

        decided?.Invoke(decision);
        await foreach (var piece in _conductor.RunAsync(request.Decode, decision, request.Policy, Settle, budget, asked, cancellationToken))
            yield return piece;
    }

    /// <summary>Waits until it is known how the target is that would take the request, if that was not known for a while; not long.</summary>
    private async ValueTask HearAsync(ChatRequest request, CancellationToken cancellationToken)
    {
        if (_watch is null || !_watch.Look()) return;
        using var late = new CancellationTokenSource(StateWatch.LongestWait, _options.TimeProvider);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        do
        {
            var decision = _experience.Decide(RequestBudget.Within(_options.Budgets, request.Profile), Snapshots(), request.Policy);
            // Where another speaks first, nobody waits for the one that is not known.
            if (decision.Chosen is not { } chosen || decision.Bridge is not null || !await _watch.HearAsync(chosen.Name, limit.Token)) return;
        }
        while (!limit.IsCancellationRequested);
    }

    private TargetSnapshot[] Snapshots()
    {
        _watch?.Look();
        var snapshots = new TargetSnapshot[_targets.Count];
        var (battery, facts) = (_battery.Left, _facts.Now);
        for (var i = 0; i < snapshots.Length; i++)
        {
            var target = _targets[i];
            var isHere = target.Descriptor.Zone == Zone.Device;
            snapshots[i] = new(target.Descriptor, _network?.StateOf(target) ?? target.State, _predictors[i].Snapshot())
            {
                BatteryLeft = isHere ? battery : null,
                Celsius = isHere ? facts.Celsius : null,
                IsMetered = facts.IsMetered && NetworkState.Needs(target),
            };
        }

        LiveFigures.Fill(snapshots, _options.Grid, _options.TimeProvider.GetUtcNow());
        return snapshots;
    }

    /// <summary>Lets a request that can wait do so; then the policy of that name counts as it is by then.</summary>
    private async ValueTask<(ChatRequest Request, Deferral? Deferral)> WaitAsync(ChatRequest request, CancellationToken cancellationToken)
    {
        (request, var deferral) = await _slots.WaitAsync(request, Snapshots, cancellationToken);
        if (deferral is not { IsDeferred: true }) return (request, deferral);
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        LogDeferred(_logger, request.Decode.Id, deferral);
        return (_policies().TryFind(request.Policy.Name, out var policy) ? request with { Policy = policy } : request, deferral);
    }

    private MeasuredEnergy? OpenMeter()
    {
        var meter = MeasuredEnergy.Open(_options.SystemFiles, _options.GpuMeter, _options.TimeProvider, out var found);
        if (meter is null) LogNoMeter(_logger, found);
        else if (meter.IsGpuAlone) LogGpuAlone(_logger, found);
        else LogMeter(_logger, found);
        return meter;
    }

    private ITarget Find(string name) => _targets.First(target => target.Descriptor.Name == name);

    private static HybridException Refuse(Decision decision)
    {
        HybridMeter.Refused(decision.Policy);
        var refusal = new HybridException(
            decision.OutOfBudget ? HybridError.BudgetExceeded : HybridError.NoTargetAllowed,
            $"Policy '{decision.Policy}' leaves {decision.ExplainLine()}. Nothing was sent. Relax the request or the policy, or configure another target.");
        refusal.Data[HybridUpdateKeys.Decision] = decision;
        return refusal;
    }

    private void Settle(RequestReceipt receipt)
    {
        foreach (var segment in receipt.Segments)
        {
            if (segment.OutputTokens > 0)
            {
                _watch?.Heard(segment.Target);
                _preWarmer?.Used(segment.Target);
            }


            var first = ReferenceEquals(segment, receipt.Segments[0]); // what the policy predicted; later ones had another prompt and state
            for (var i = 0; i < _predictors.Length; i++)
                if (_targets[i].Descriptor.Name == segment.Target) _predictors[i].Observe(segment, first ? receipt.Decision.Profile : null, first ? receipt.Decision.Snapshots[i].State : null);
        }

        _lengths.Observe(receipt);
        HybridMeter.Settled(receipt);
        _experience.Settle(receipt);
        LogSettled(_logger, receipt.Id, receipt.Finish, receipt.Segments.Count, receipt.OutputTokens, receipt.Dollars);
        _options.OnReceipt?.Invoke(receipt);
    }

    [LoggerMessage(1001, LogLevel.Debug, "Request {Id}: {Decision}")]
    private static partial void LogDecided(ILogger logger, string id, string decision);

    [LoggerMessage(1003, LogLevel.Debug, "Request {Id} goes on: {Deferral}.")]
    private static partial void LogDeferred(ILogger logger, string id, Deferral deferral);

    [LoggerMessage(1004, LogLevel.Warning, "Power cannot be measured on this machine: {Reason}. Receipts take energy from the stated ActiveWatts.")]
    private static partial void LogNoMeter(ILogger logger, string reason);

    [LoggerMessage(1005, LogLevel.Warning, "Only a part of this machine's power can be measured, {Meter}. What processor and memory draw is missing from receipts.")]
    private static partial void LogGpuAlone(ILogger logger, string meter);

    [LoggerMessage(1006, LogLevel.Information, "Receipts of this device take energy from {Meter}.")]
    private static partial void LogMeter(ILogger logger, string meter);

    [LoggerMessage(1002, LogLevel.Debug, "Request {Id} ended: {Finish} after {Attempts} attempts, {Tokens} tokens, ${Dollars}.")]
    private static partial void LogSettled(ILogger logger, string id, RequestFinish finish, int attempts, int tokens, double dollars);
}
