using System.Runtime.InteropServices;
using Hybrid.Accounting;
using Hybrid.Engines.LlamaCpp.Prefixes;
using Hybrid.Engines.LlamaCpp.Speculation;

namespace Hybrid.Engines.LlamaCpp.Batching;

/// <summary>Decodes the last token of each request that generates, with drafts behind it where they pay, and samples the next.</summary>
internal sealed class GenerationStep
{
    // A way of grouping that was slower once is tried again after so many rounds: contexts have grown meanwhile.
    private const int RoundsBetweenTrials = 512;
    private const long NeverAborted = -1;
    private readonly DecodeContext _context;
    private readonly PrefixTree _tree;
    private readonly TokenDelivery _delivery;
    private readonly DraftModel? _draft;
    private readonly EngineMeter _meter;
    private readonly StepCosts _costs;
    private readonly int _maxBatch;
    private int _rounds;

    public GenerationStep(DecodeContext context, PrefixTree tree, TokenDelivery delivery, DraftModel? draft, EngineMeter meter, LlamaEngineOptions options, bool pads)
    {
        (_context, _tree, _delivery, _draft, _meter) = (context, tree, delivery, draft, meter);
        _maxBatch = options.LargestBatch;
        _costs = new(options.Outputs, options.Slots, pads);
    }

    /// <summary>A token or more for each request.</summary>
    public void Run(List<Sequence> sequences)
    {
        if (++_rounds % RoundsBetweenTrials == 0)
            _costs.TryAgain(Math.Min(sequences.Count, _maxBatch));
        var rest = CollectionsMarshal.AsSpan(sequences);
        foreach (var size in _costs.Plan(sequences.Count, _maxBatch))
        {
            Step(rest[..size]);
            rest = rest[size..];
        }
    }

    private void Step(ReadOnlySpan<Sequence> group)
    {
        var tokens = Fill(group);
        var rows = _costs.Rows(tokens);
        _context.Pad(rows - tokens);
        var code = _context.Decode(NeverAborted);
        if (code == DecodeContext.Aborted)
            return; // The engine is ending, and tells its requests so.
        if (code != 0)
        {
            foreach (var sequence in group)
                sequence.Fail(new(HybridError.Internal, $"llama.cpp could not decode (code {code}) after {sequence.Count} tokens. What was delivered stands; other requests go on."));
            return;
        }

        _meter.DecodeStep(tokens);
        _costs.Observe(rows, _context.LastSeconds);
        _context.JudgeThreads();
        foreach (var sequence in group)
            Sample(sequence);
    }

    /// <summary>Puts the group's tokens into the batch; how many there are.</summary>
    private int Fill(ReadOnlySpan<Sequence> group)
    {
        var total = group.Length;
        foreach (var sequence in group)
        {
            sequence.BatchCount = 1 + Drafts(sequence, total, group.Length);
            total += sequence.BatchCount - 1;
        }

        _tree.Reserve(total);
        _context.Clear();
        foreach (var sequence in group)
        {
            sequence.BatchStart = _context.Count;
            for (var i = 0; i < sequence.BatchCount; i++)
                _context.Add(i == 0 ? sequence.Tokens[^1] : sequence.Drafts[i - 1], sequence.Lease!.Filled + i, sequence.Lease.Sequence, output: true);
        }

        return total;
    }

    private int Drafts(Sequence sequence, int tokens, int sequences)
    {
        if (sequence.Ngrams is not { } ngrams)
            return 0;
        var history = sequence.Tokens;
        ngrams.Extend(history);
        var room = Math.Min(DraftPlan.Most, sequence.Limit - sequence.Count);
        var length = DraftPlan.Length(_costs, tokens, sequences, ngrams.HitRate, room);
        if (length > 0 && ngrams.Guess(history, sequence.Drafts.AsSpan(0, length)) is > 0 and var guessed)
            return guessed;
        return sequences == 1 && _draft is not null ? _draft.Draft(history, sequence.Drafts.AsSpan(0, room), _costs) : 0;
    }

    /// <summary>Samples along the drafts as long as they are what would have come anyway; each is one draw from the model's own distribution.</summary>
    private void Sample(Sequence sequence)
    {
        var drafted = sequence.BatchCount - 1;
        sequence.Drafted += drafted; // now, for the completion tells it
        var right = 0;
        while (_delivery.Next(sequence, _context.Logits(sequence.BatchStart + right)) is { } token && right < drafted && token == sequence.Drafts[right])
            (right, sequence.Accepted) = (right + 1, sequence.Accepted + 1);
        var filled = sequence.Lease!.Filled + 1 + right;
        if (right < drafted)
            _context.Forget(sequence.Lease.Sequence, filled, -1);
        _tree.Fill(sequence.Lease, filled);
        if (drafted == 0)
            return;
        _meter.Drafted(right, drafted - right);
        _draft?.Observe(drafted, right);
    }
}
