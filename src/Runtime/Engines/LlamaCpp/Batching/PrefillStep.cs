using Hybrid.Accounting;
using Hybrid.Engines.LlamaCpp.Prefixes;

namespace Hybrid.Engines.LlamaCpp.Batching;

/// <summary>Prefills a piece of the prompts that wait, all of them a little, and samples the first token of those that are done.</summary>
internal sealed class PrefillStep(DecodeContext context, PrefixTree tree, TokenDelivery delivery, TilePadding? padding, EngineMeter meter, int batchSize)
{
    // It pays to wait for another request's prefill where it spares at least so many tokens.
    private const int WorthWaiting = 32;
    private readonly PrefillBudget _budget = new(batchSize);
    private long _ticket;

    /// <summary>One step.</summary>
    /// <param name="sequences">Those with prompt left.</param>
    /// <param name="patience">Seconds that it may take, about.</param>
    public void Run(List<Sequence> sequences, double patience)
    {
        var tokens = Fill(sequences, _budget.TokensWithin(patience));
        if (tokens == 0)
            return;
        if (sequences.Count == 1)
            context.Pad(padding?.Rows(tokens, sequences[0].Lease!.Filled) ?? 0);
        var code = context.Decode(_ticket);
        foreach (var sequence in sequences)
            sequence.Ticket = 0;
        if (code == 0)
        {
            meter.PrefillStep(tokens);
            _budget.Observe(tokens, context.LastSeconds);
        }

        foreach (var sequence in sequences)
        {
            if (sequence.BatchCount > 0)
                Finish(sequence, code);
        }
    }

    /// <summary>Whether one of those that prefill now will leave a longer prefix of this prompt than is cached yet.</summary>
    public bool WillShare(List<Sequence> running, ReadOnlySpan<int> prompt)
    {
        var longest = 0;
        foreach (var sequence in running)
        {
            if (!sequence.Cancelled && sequence.Prefilling)
                longest = Math.Max(longest, sequence.Tokens.CommonPrefixLength(prompt));
        }

        return longest >= WorthWaiting && tree.Reuses && longest >= tree.Match(prompt) + WorthWaiting;
    }

    /// <summary>Shares the budget among the prompts; how many tokens the batch has.</summary>
    private int Fill(List<Sequence> sequences, int budget)
    {
        _ticket++;
        context.Clear();
        for (var i = 0; i < sequences.Count; i++)
        {
            var sequence = sequences[i];
            var left = sequence.PromptLength - sequence.Lease!.Filled;
            var share = Math.Max(1, (budget - context.Count) / (sequences.Count - i));
            sequence.BatchCount = 0;
            sequence.Ticket = _ticket; // a full fence: the ticket is there before the mark is read
            if (sequence.Cancelled || context.Count >= budget && i > 0)
                continue;
            sequence.BatchStart = context.Count;
            sequence.BatchCount = Math.Min(left, share);
            for (var j = 0; j < sequence.BatchCount; j++)
            {
                var position = sequence.Lease.Filled + j;
                context.Add(sequence.Tokens[position], position, sequence.Lease.Sequence, output: position == sequence.PromptLength - 1);
            }
        }

        tree.Reserve(context.Count);
        return context.Count;
    }

    private void Finish(Sequence sequence, int code)
    {
        if (code == DecodeContext.Aborted)
            return; // Nobody wants one of them any more; the others' pieces come again.
        if (code != 0)
        {
            sequence.Fail(new(HybridError.Internal, $"llama.cpp could not decode (code {code}) at token {sequence.Lease!.Filled} of the prompt. Other requests go on."));
            return;
        }

        tree.Fill(sequence.Lease!, sequence.Lease!.Filled + sequence.BatchCount);
        if (sequence.Prefilling)
            return;
        tree.Publish(sequence.Lease, sequence.Tokens);
        delivery.Next(sequence, context.Logits(sequence.BatchStart + sequence.BatchCount - 1));
    }
}
