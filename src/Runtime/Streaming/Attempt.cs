using Hybrid.Accounting;
using Hybrid.Targets;

namespace Hybrid.Streaming;

/// <summary>One target decoding one request: reads its stream, times it, and writes its receipt.</summary>
internal sealed class Attempt(
    ITarget target, DecodeRequest request, int estimatedInput, double gramsPerKilowattHour, TimeProvider time, double priceFactor = 1, MeasuredEnergy? energy = null) : IAsyncDisposable
{
    private readonly TargetDescriptor _descriptor = target.Descriptor;
    private readonly bool _cold = target.State.Readiness is TargetReadiness.Cold or TargetReadiness.Warming;
    private readonly bool _woke = target.State.Readiness == TargetReadiness.Cold;
    private readonly long _start = time.GetTimestamp();
    private readonly EnergyShare? _energy = target.Descriptor.Zone == Zone.Device ? energy?.Begin() : null;
    private IAsyncEnumerator<DecodeUpdate>? _stream;
    private Task<bool>? _pending;
    private TimeSpan? _firstToken;
    private TimeSpan _lastToken;
    private int _tokens;
    private int _held;
    private int _delivered;
    private List<TokenScore>? _heldScores;
    private DecodeCompletion? _completion;

    public TargetDescriptor Descriptor => _descriptor;

    /// <summary>Reads the next update that has text or a tool call or ends the answer; its token count includes what was held back before it.</summary>
    /// <remarks>A target that ignores the token is left behind: the wait ends when the token is cancelled.</remarks>
    public async ValueTask<DecodeUpdate> NextAsync(CancellationToken cancellationToken)
    {
        _stream ??= PrivacyGate.Send(target, request, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await MoveAsync(cancellationToken))
        {
            var update = _stream.Current;
            Count(update);
            var leaves = update.Text.Length > 0 || update.ToolCall is not null;
            if (!leaves && update.Completion is null) continue;
            if (!leaves) return update with { TokenCount = 0, Scores = null };
            update = update with { TokenCount = _held, Scores = _heldScores };
            _delivered += _held;
            (_held, _heldScores) = (0, null);
            return update;
        }

        throw new HybridException(HybridError.TargetUnavailable, $"Target '{_descriptor.Name}' ended its stream without completing the answer.");
    }

    /// <summary>What the attempt took. Figures the target did not report are worked out from the clock and the descriptor.</summary>
    public Receipt Receipt(RequestFinish finish, HybridException? fault = null)
    {
        var total = time.GetElapsedTime(_start);
        var began = _firstToken is not null || _completion is not null;
        var output = Math.Max(_completion?.OutputTokens ?? 0, _tokens);
        var input = _completion is { PromptTokens: > 0 } known ? known.PromptTokens : began ? estimatedInput : 0;
        var cached = _completion?.CachedTokens ?? 0;
        var queue = _completion?.QueueTime ?? TimeSpan.Zero;
        var reported = _completion is { PrefillTime.Ticks: > 0 };
        var waited = (_firstToken ?? (began ? total : TimeSpan.Zero)) - queue - (_cold ? _descriptor.ColdStart : TimeSpan.Zero) - _descriptor.RoundTrip;
        var prefill = reported ? _completion!.PrefillTime : waited > TimeSpan.Zero ? waited : TimeSpan.Zero;
        var decode = _completion is { DecodeTime.Ticks: > 0 } ? _completion.DecodeTime : _firstToken is { } first ? _lastToken - first : TimeSpan.Zero;
        var measured = _energy?.End() * _descriptor.PowerUsageEffectiveness;
        var joules = measured ?? CostModel.Joules(_descriptor, output, prefill + decode);
        return new Receipt
        {
            Target = _descriptor.Name,
            Model = _descriptor.Model,
            Zone = _descriptor.Zone,
            Cold = _cold,
            InputTokens = input,
            CachedTokens = cached,
            OutputTokens = output,
            WastedTokens = _completion is null ? output - _delivered : 0,
            TimeToFirstToken = _firstToken,
            QueueTime = queue,
            PrefillTime = prefill,
            PrefillReported = reported,
            DecodeTime = decode,
            TotalTime = total,
            Dollars = priceFactor * (CostModel.Dollars(_descriptor, input, cached, output, prefill + decode) + (_woke ? CostModel.WakingDollars(_descriptor) : 0)),
            Joules = joules,
            JoulesMeasured = measured is not null,
            Grams = CostModel.Grams(joules, gramsPerKilowattHour),
            EmbodiedGrams = CostModel.EmbodiedGrams(_descriptor, prefill + decode),
            Finish = finish,
            Error = fault?.Error,
            ErrorMessage = fault?.Message,
        };
    }

    /// <summary>Ends the target's stream; one that still hangs is ended as soon as it lets go.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stream is null) return;
        if (_pending is { IsCompleted: false } hanging)
        {
            _ = CloseLaterAsync(hanging, _stream);
            return;
        }

        await CloseAsync(_stream);
    }

    private static async Task CloseLaterAsync(Task hanging, IAsyncEnumerator<DecodeUpdate> stream)
    {
        await hanging.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await CloseAsync(stream);
    }

    private static async Task CloseAsync(IAsyncEnumerator<DecodeUpdate> stream)
    {
        try
        {
            await stream.DisposeAsync();
        }
        catch (Exception error) when (error is HybridException or OperationCanceledException or ObjectDisposedException or IOException)
        {
            // The answer's outcome is already known; what its stream says at closing changes nothing.
        }
    }

    private async ValueTask<bool> MoveAsync(CancellationToken cancellationToken)
    {
        var move = _stream!.MoveNextAsync();
        if (move.IsCompleted) return await move;
        _pending = move.AsTask();
        return await _pending.WaitAsync(cancellationToken);
    }

    private void Count(DecodeUpdate update)
    {
        _held += update.TokenCount;
        _tokens += update.TokenCount;
        if (update.Scores is { } scores) (_heldScores ??= []).AddRange(scores);
        _completion = update.Completion;
        if (update.TokenCount == 0 && update.Text.Length == 0 && update.ToolCall is null) return;
        _lastToken = time.GetElapsedTime(_start);
        _firstToken ??= _lastToken;
    }
}
