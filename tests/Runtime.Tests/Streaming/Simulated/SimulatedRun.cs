using Hybrid.Accounting;
using Hybrid.Policy;
using Hybrid.Streaming;
using Hybrid.Targets;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.Tests.Streaming.Simulated;

/// <summary>One request in virtual time, everything of it drawn from a seed, and what must hold of every such request.</summary>
internal sealed class SimulatedRun
{
    private const int GuardedLength = 60; // a target that lies about less said text cannot be told from one that goes on
    private static readonly Zone[] Zones = [Zone.Device, Zone.Site, Zone.Region("eu"), Zone.Public];
    private readonly VirtualTime _time = new();
    private readonly List<StreamPiece> _pieces = [];
    private readonly List<RequestReceipt> _receipts = [];
    private readonly SimulatedTarget[] _targets;
    private readonly DecodeRequest _request;
    private readonly RoutingPolicy _policy;
    private readonly Decision _decision;
    private readonly CancellationTokenSource _caller = new();
    private readonly Random _random;
    private readonly int _answerTokens;
    private readonly int _stopsReadingAfter;
    private readonly bool _pauses;
    private readonly Bug _bug;
    private Exception? _error;
    private bool _walkedAway;

    public SimulatedRun(int seed, Bug bug = Bug.None)
    {
        _bug = bug;
        _random = new Random(seed);
        _answerTokens = _random.Next(1, 50);
        var oneModel = Chance(0.5);
        _targets = [.. Enumerable.Range(0, _random.Next(1, 5)).Select(i => AnyTarget(i, oneModel ? 0 : i + 1))];
        var stalls = _targets.Any(target => target.Trouble is Trouble.Stalls or Trouble.Hangs);
        _policy = PolicyPresets.All[_random.Next(4)] with
        {
            Handover = Chance(0.85),
            HedgeAfter = Chance(0.3) ? TimeSpan.FromSeconds(_random.Next(3) * 0.3) : null,
            MaxTokenGap = Chance(0.3) ? TimeSpan.FromSeconds(0.2 + (_random.NextDouble() * 3)) : null,
            TokensPerSecond = Chance(0.3) ? 2 + (_random.NextDouble() * 60) : null,
            ExpectedOutputTokens = _random.Next(1, 80),
        };
        _request = new()
        {
            Id = $"{seed}",
            Prompt = new MessagesPrompt([new("user", "?")]),
            MaxTokens = Chance(0.4) ? _random.Next(1, 50) : null,
            Privacy = (PrivacyClass)_random.Next(4),
            Deadline = stalls || Chance(0.3) ? _time.GetUtcNow() + TimeSpan.FromSeconds(0.1 + (_random.NextDouble() * 40)) : null,
        };
        _stopsReadingAfter = Chance(0.05) ? _random.Next(1, 20) : int.MaxValue;
        _pauses = Chance(0.15);
        if (Chance(0.1)) _time.After(_random.NextDouble() * 10, _caller.Cancel);
        if (Chance(0.2)) _time.After(_random.NextDouble() * 5, () => _time.WallOffset = TimeSpan.FromHours(_random.Next(-30, 30)));
        _decision = PolicyEngine.Decide(
            new() { PromptTokens = 10, ExpectedOutputTokens = _request.MaxTokens ?? _policy.ExpectedOutputTokens, MaxOutputTokens = _request.MaxTokens, Privacy = _request.Privacy }, Look(), _policy);
    }

    public bool WasAsked => _receipts.Count > 0;

    public int Handovers => _receipts[0].Handovers.Count;

    public bool WentOnFromTokens => _targets.Any(target => target.Received.Any(request => request.ContinuationTokens is not null));

    public IEnumerable<HandoverReason> Reasons => _receipts[0].Handovers.Select(handover => handover.Reason);

    public int TakenOver => _receipts[0].Handovers.Count(handover => handover.From == handover.To);

    public bool Completed => _error is null && !_walkedAway;

    /// <summary>Runs it to its end.</summary>
    /// <returns>What does not hold; null: all does. A request that no target may take is none.</returns>
    public string? Run()
    {
        if (_decision.Chosen is null) return null;
        var reading = ReadAsync();
        _time.RunUntil(TimeSpan.FromMinutes(30), () => reading.IsCompleted);
        if (!reading.IsCompleted) return "it did not end";
        if (reading.Exception?.InnerException is { } fault) return fault.Message;
        var took = _time.Elapsed;
        _time.RunUntil(took + TimeSpan.FromMinutes(5), () => false);
        return CheckText() ?? CheckEnd(took) ?? CheckLedger() ?? CheckTargets();
    }

    /// <summary>All of it, to see what a failing seed did.</summary>
    public override string ToString() => string.Join(
        '\n',
        [
            $"  {_policy.Name}, handover {_policy.Handover}, hedge {_policy.HedgeAfter}, gap {_policy.MaxTokenGap}, pace {_policy.TokensPerSecond}; {_request.Privacy}, most {_request.MaxTokens}, deadline {_request.Deadline:ss.fffffff}, answer {_answerTokens}; bridge {_decision.Bridge}",
            .. _targets.Select(target => $"  {target.Descriptor.Name} (model {target.Model}, {target.Descriptor.Zone}): first {target.FirstTokenSeconds:0.000}, each {target.SecondsPerToken:0.000}, cold {target.ColdSeconds:0.0}, {target.Trouble} after {target.TroubleAfter}{(target.Lumpy ? ", lumpy" : "")}; asked {string.Join(", ", target.Received.Select(request => request.Continuation.Length))}"),
            .. _receipts.SelectMany(receipt => receipt.Handovers.Select(handover => $"  {handover}").Concat(receipt.Segments.Select(segment => $"  {segment.Target}: {segment.OutputTokens} out, {segment.WastedTokens} wasted, {segment.Finish} {segment.ErrorMessage}"))),
            $"  {string.Concat(_pieces.Select(piece => $"[{piece.Target} {piece.Text.ReplaceLineEndings("_")}]"))} {_error?.Message}",
        ]);

    private static string Words(StreamPiece piece) => $"'{piece.Text}' of {piece.Target}";

    private async Task ReadAsync()
    {
        var conductor = new Conductor(new(_time, NullLogger.Instance, Find, Look));
        try
        {
            var last = "";
            await foreach (var piece in conductor.RunAsync(_request, _decision, _policy, receipt => _receipts.Add(Buggy.Ledger(receipt, _bug)), cancellationToken: _caller.Token).ConfigureAwait(false))
            {
                var seam = last.Length > 0 && last != piece.Target;
                last = piece.Target;
                if (seam && _bug == Bug.LosesAtTheSeam) continue;
                if (seam && _bug == Bug.RepeatsAtTheSeam) _pieces.Add(piece with { Receipt = null });
                _pieces.Add(piece);
                if (_pieces.Count >= _stopsReadingAfter && piece.Receipt is null)
                {
                    _walkedAway = true;
                    return;
                }

                if (_pauses && _random.Next(4) == 0) await PauseAsync(_random.NextDouble() * 2).ConfigureAwait(false);
            }
        }
        catch (Exception error) when (error is HybridException or OperationCanceledException)
        {
            _error = error;
        }
    }

    private ITarget Find(string name)
    {
        var target = _targets.First(target => target.Descriptor.Name == name);
        var wrapped = Buggy.Wrap(target, _bug);
        return target.Replicas > 1 ? new SimulatedPool(wrapped, target.Replicas) : wrapped;
    }

    private Task PauseAsync(double seconds)
    {
        var paused = new TaskCompletionSource();
        _time.After(seconds, paused.SetResult);
        return paused.Task;
    }

    /// <summary>Every token is the one that its target's model says after exactly the text delivered before it.</summary>
    private string? CheckText()
    {
        var text = "";
        foreach (var piece in _pieces)
        {
            if (piece.Text.Length == 0) continue;
            if (piece.Text.Any(char.IsSurrogate) && !IsWhole(piece.Text)) return $"{Words(piece)} splits a character";
            var state = SimulatedModel.Read(text, SimulatedModel.Begin(_targets.First(target => target.Descriptor.Name == piece.Target).Model));
            var rest = piece.Text.AsSpan();
            while (rest.Length > 0)
            {
                var token = SimulatedModel.Next(state);
                if (!rest.StartsWith(token, StringComparison.Ordinal)) return $"behind '{text}' came {Words(piece)}, and its model says '{token}'";
                state = SimulatedModel.Read(token, state);
                rest = rest[token.Length..];
            }

            text += piece.Text;
        }

        var tokens = SimulatedModel.Tokens(text);
        if (tokens != _pieces.Sum(piece => piece.TokenCount)) return $"{tokens} tokens of text were counted as {_pieces.Sum(piece => piece.TokenCount)}";
        if (_request.MaxTokens is { } most && tokens >= most + 4) return $"{tokens} tokens came and {most} were asked for";
        if (!Completed) return null;
        var finish = _receipts[0].Finish;
        if (finish == RequestFinish.Stop && tokens < _answerTokens && !_targets.Any(target => target.Trouble == Trouble.Silent && target.Received.Count > 0)) return $"it stopped after {tokens} tokens of {_answerTokens}";
        if (finish == RequestFinish.Length && tokens < _request.MaxTokens) return $"it was cut off after {tokens} tokens of {_request.MaxTokens}";
        return null;
    }

    private string? CheckEnd(TimeSpan took)
    {
        if (Completed && (_pieces.Count == 0 || _pieces[^1].Receipt is null || _pieces.SkipLast(1).Any(piece => piece.Receipt is not null))) return "the receipt is not on the last piece alone";
        if (_error is OperationCanceledException && !_caller.IsCancellationRequested) return "it was cancelled by nobody";
        // A reader that pauses sees the end later than it is there.
        if (_request.Deadline is { } deadline && !_pauses && took > deadline - new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero) + TimeSpan.FromMilliseconds(2) && _error is not OperationCanceledException)
            return $"it ended after {took}, past its deadline";
        return null;
    }

    private string? CheckLedger()
    {
        if (_receipts.Count != 1) return $"{_receipts.Count} receipts";
        var receipt = _receipts[0];
        var asked = _targets.Sum(target => target.Received.Count);
        if (receipt.Segments.Count != asked) return $"{asked} attempts were made and {receipt.Segments.Count} are in the ledger";
        if (_targets.Any(target => receipt.Segments.Count(segment => segment.Target == target.Descriptor.Name) != target.Received.Count)) return "an attempt is in the ledger under another target";
        var delivered = _pieces.Sum(piece => piece.TokenCount);
        var miscounts = _targets.Any(target => target.Trouble == Trouble.Miscounts);
        if (!miscounts && receipt.OutputTokens - receipt.WastedTokens != delivered) return $"{receipt.OutputTokens} tokens less {receipt.WastedTokens} wasted are not the {delivered} delivered";
        foreach (var stay in receipt.Handovers.Where(handover => handover.From == handover.To).CountBy(handover => handover.From))
        {
            if (stay.Value >= _targets.First(target => target.Descriptor.Name == stay.Key).Replicas) return "it moved to where it was";
        }

        return receipt.Handovers.Any(handover => handover.From == handover.To && handover.Reason is not (HandoverReason.Fault or HandoverReason.Silence)) ? "it left a replica without a fault" : null;
    }

    private string? CheckTargets()
    {
        foreach (var target in _targets)
        {
            if ((target.Received.Count > 0 || target.Woken > 0) && !target.Place.Admits(_request.Privacy)) return $"{target.Descriptor.Name} in {target.Place} was asked with a {_request.Privacy} request";
            if (target.OpenStreams > 0 && target.Trouble != Trouble.Hangs) return $"{target.Descriptor.Name} is still decoding";
            foreach (var request in target.Received)
            {
                if (request.ContinuationTokens is { } tokens && !tokens.Tokens.ToArray().SequenceEqual(SimulatedModel.Ids(request.Continuation))) return $"{target.Descriptor.Name} was told ids that do not say '{request.Continuation}'";
            }

            if (target.Received.Any(request => request.MaxTokens is < 1)) return $"{target.Descriptor.Name} was asked for no tokens";
        }

        return null;
    }

    private static bool IsWhole(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i])) continue;
            if (!char.IsHighSurrogate(text[i]) || i + 1 == text.Length || !char.IsLowSurrogate(text[i + 1])) return false;
            i++;
        }

        return true;
    }

    private TargetSnapshot[] Look() => [.. _targets.Select(target => new TargetSnapshot(target.Descriptor, target.State))];

    private bool Chance(double chance) => _random.NextDouble() < chance;

    private SimulatedTarget AnyTarget(int index, int model)
    {
        var remote = index > 0;
        var (first, each) = remote ? (0.01 + (_random.NextDouble() * 1.5), 0.002 + (_random.NextDouble() * 0.02)) : (0.01 + (_random.NextDouble() * 0.2), 0.01 + (_random.NextDouble() * 0.05));
        var cold = remote && Chance(0.4) ? 1 + (_random.NextDouble() * 20) : 0;
        double Stated(double true_) => true_ * Math.Pow(3, (_random.NextDouble() * 2) - 1);
        var place = index == 0 ? Zone.Device : Zones[_random.Next(4)];
        var trouble = Chance(0.45) ? (Trouble)_random.Next(1, Enum.GetValues<Trouble>().Length) : Trouble.None;
        // Another model that starts over says something new, and no reader of text can tell.
        if (trouble == Trouble.StartsOver && model != 0) trouble = Trouble.Fails;
        var numbers = Chance(0.4);
        if (trouble is Trouble.SendsTwice or Trouble.Skips && !numbers) trouble = Trouble.Fails;
        if (trouble is Trouble.StartsOver or Trouble.SaysAgain) numbers = false; // who numbers its tokens is trusted to know what it goes on from
        var target = new SimulatedTarget(_time, new Random(_random.Next()), new()
        {
            Name = $"t{index}",
            Model = $"m{model}",
            Zone = _bug == Bug.IgnoresTheZone ? Zone.Device : place,
            Capabilities = Chance(0.9) ? TargetCapabilities.Chat | TargetCapabilities.Continuation : TargetCapabilities.Chat,
            Quality = remote ? 0.5 + (_random.NextDouble() / 2) : 0.4,
            DollarsPerMillionInputTokens = remote ? _random.NextDouble() : 0,
            DollarsPerMillionOutputTokens = remote ? _random.NextDouble() * 3 : 0,
            RoundTrip = TimeSpan.FromSeconds(Stated(first) / 2),
            DecodeTokensPerSecond = 1 / Stated(each),
            ColdStart = TimeSpan.FromSeconds(Stated(cold)),
        }, model)
        {
            Place = place,
            AnswerTokens = _answerTokens,
            FirstTokenSeconds = first,
            SecondsPerToken = each,
            ColdSeconds = cold,
            Trouble = trouble,
            TroubleAfter = _random.Next(0, 30),
            Lumpy = Chance(0.2),
            Numbers = numbers,
            HonestUpTo = GuardedLength,
            Replicas = Chance(0.3) ? _random.Next(2, 12) : 1,
        };
        if (cold > 0) target.MakeCold();
        return target;
    }
}
