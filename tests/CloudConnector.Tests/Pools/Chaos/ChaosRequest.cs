using Hybrid.Accounting;
using Hybrid.Policy;
using Hybrid.Streaming;
using Hybrid.Targets;
using Hybrid.Tests.Streaming.Simulated;

namespace Hybrid.CloudConnector.Tests.Pools.Chaos;

/// <summary>One of a pool's requests: what came of it and when.</summary>
internal sealed class ChaosRequest(VirtualTime time, DecodeRequest request, bool afterTrouble)
{
    private readonly List<StreamPiece> _pieces = [];
    private Exception? _error;
    private readonly CancellationTokenSource _caller = new();
    private DateTimeOffset? _endedAt;
    private Task _running = Task.CompletedTask;

    public bool AfterTrouble => afterTrouble;

    public RequestReceipt? Receipt { get; private set; }

    public RequestFinish? Finish => Receipt?.Finish;

    public void Start(Conductor conductor, Decision decision, RoutingPolicy policy) => _running = RunAsync(conductor, decision, policy);

    /// <summary>Cancels as its caller. Time stands still until it has ended: a pause before a retry that is cancelled ends on another thread.</summary>
    public void Cancel()
    {
        _caller.Cancel();
        _running.Wait(TimeSpan.FromMinutes(1));
    }

    private async Task RunAsync(Conductor conductor, Decision decision, RoutingPolicy policy)
    {
        try
        {
            await foreach (var piece in conductor.RunAsync(request, decision, policy, receipt => Receipt = receipt, cancellationToken: _caller.Token).ConfigureAwait(false))
                _pieces.Add(piece);
        }
        catch (Exception error) when (error is HybridException or OperationCanceledException)
        {
            _error = error;
        }

        _endedAt = time.GetUtcNow();
    }

    /// <returns>What does not hold; null: all does.</returns>
    public string? Check(int answerTokens)
    {
        if (_endedAt is not { } ended) return $"{this} did not end";
        if (ended > request.Deadline + TimeSpan.FromMilliseconds(2)) return $"{this} ended {ended - request.Deadline} past its deadline";
        if (_error is OperationCanceledException && !_caller.IsCancellationRequested) return $"{this} was cancelled by nobody";
        var text = "";
        foreach (var piece in _pieces)
        {
            if (piece.Text.Length == 0) continue;
            var next = SimulatedModel.Next(SimulatedModel.Read(text, SimulatedModel.Begin(piece.Model == "m0" ? 0 : 1)));
            if (piece.Text != next) return $"{this}: behind '{text}' came '{piece.Text}' of {piece.Model}, and its model says '{next}'";
            text += piece.Text;
        }

        var wanted = Math.Min(answerTokens, request.MaxTokens ?? int.MaxValue);
        if (_error is null && SimulatedModel.Tokens(text) != wanted) return $"{this} has {SimulatedModel.Tokens(text)} tokens of {wanted}";
        var delivered = _pieces.Sum(piece => piece.TokenCount);
        return Receipt is { } receipt && receipt.OutputTokens - receipt.WastedTokens != delivered ? $"{this}: {receipt.OutputTokens} tokens less {receipt.WastedTokens} wasted are not the {delivered} delivered" : null;
    }

    public override string ToString() =>
        $"request {request.Id} ({request.Deadline:mm:ss.fff}): {Finish}, {_pieces.Sum(piece => piece.TokenCount)} tokens, ended {_endedAt:mm:ss.fff}, {string.Join("; ", Receipt?.Segments.Select(segment => $"{segment.Replica}+{segment.Retries} {segment.Finish} {segment.ErrorMessage}") ?? [])} {_error?.Message}";
}
