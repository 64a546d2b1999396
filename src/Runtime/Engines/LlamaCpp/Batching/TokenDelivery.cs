using Hybrid.Accounting;
using Hybrid.Engines.Sampling;
using Hybrid.Targets;

namespace Hybrid.Engines.LlamaCpp.Batching;

/// <summary>Chooses a request's next token and gives its text to the reader.</summary>
internal sealed class TokenDelivery(LlamaModel model, EngineMeter meter, TimeProvider time)
{
    private readonly byte[] _piece = new byte[512];
    private readonly TokenScorer _scorer = new(token => model.Piece(token, new byte[64], special: true).ToArray());

    /// <summary>Samples from the logits after the request's last token; the token, or none where the request has ended.</summary>
    public int? Next(Sequence sequence, Span<float> logits)
    {
        try
        {
            return Sample(sequence, logits);
        }
        catch (HybridException failure)
        {
            sequence.Fail(failure);
        }
        catch (Exception failure)
        {
            // Whatever goes wrong for one request must not end the thread that serves the others.
            sequence.Fail(new(HybridError.Internal, $"Decoding failed after {sequence.Produced} tokens: {failure.Message} What was delivered stands; other requests go on.", failure));
        }

        return null;
    }

    private int? Sample(Sequence sequence, Span<float> logits)
    {
        if (sequence.Scored is not null)
            _scorer.Keep(logits);
        var token = sequence.Sampler.Sample(logits);
        var now = time.GetTimestamp();
        var last = sequence.LastTokenAt;
        if (sequence.Produced == 0)
            sequence.FirstTokenAt = now;
        sequence.LastTokenAt = now;
        if (model.IsEndOfGeneration(token))
            return Complete(sequence, DecodeFinish.Stop);
        if (sequence.Produced == 0)
            meter.Began(time.GetElapsedTime(sequence.AcceptedAt, now));
        else
            meter.WentOn(time.GetElapsedTime(last, now));
        sequence.Sampler.Accept(token);
        sequence.OnToken?.Invoke(token);
        sequence.Append(token);
        sequence.Deliver(new DecodeUpdate(sequence.Text.Append(model.Piece(token, _piece, special: sequence.ShownControls.Contains(token))), 1)
        {
            Scores = sequence.Scored is { } alternatives ? [_scorer.Score(token, alternatives)] : null,
            Tokens = [token],
            Vocabulary = model.File.VocabularyFingerprint,
            PendingBytes = sequence.Text.PendingBytes,
            TokenIndex = sequence.Produced - 1,
        });
        if (sequence.Text.Stopped)
            return Complete(sequence, DecodeFinish.Stop);
        return sequence.Produced < sequence.MaxTokens ? token : Complete(sequence, DecodeFinish.Length);
    }

    private int? Complete(Sequence sequence, DecodeFinish finish)
    {
        var completion = new DecodeCompletion
        {
            Finish = finish,
            PromptTokens = sequence.PromptLength,
            CachedTokens = sequence.Reused,
            OutputTokens = sequence.Produced,
            DraftedTokens = sequence.Drafted,
            AcceptedTokens = sequence.Accepted,
            QueueTime = time.GetElapsedTime(sequence.AcceptedAt, sequence.StartedAt),
            PrefillTime = time.GetElapsedTime(sequence.StartedAt, sequence.FirstTokenAt),
            DecodeTime = time.GetElapsedTime(sequence.FirstTokenAt, sequence.LastTokenAt),
        };
        meter.Completed(completion);
        sequence.Deliver(new DecodeUpdate(sequence.Text.Flush(), 0, completion) { PendingBytes = sequence.Text.PendingBytes, TokenIndex = sequence.Produced });
        sequence.Done = true;
        return null;
    }
}
