using Hybrid.Engines.LlamaCpp.Batching;
using Hybrid.Engines.Sampling;

namespace Hybrid.Engines.LlamaCpp.Speculation;

/// <summary>A smaller model with the same vocabulary that drafts for the one that answers. For the decode thread alone.</summary>
internal sealed class DraftModel(LlamaModel model, DecodeContext context, TimeProvider time) : IDisposable
{
    private const double Forgetting = 0.05;
    private const double FirstRate = 0.8;

    // Drafts that do not pay are tried again after so many tokens; the text may have become easier.
    private const int Rest = 128;
    private const int TrialLength = 3;
    private const long Ticket = 1;

    private readonly int[] _cached = new int[context.Cells];
    private int _filled;
    private double _rate = FirstRate;
    private double _secondsPerDraft;
    private int _resting;

    /// <summary>Writes drafts where they are expected to pay.</summary>
    /// <param name="history">Prompt and answer so far.</param>
    /// <param name="drafts">Room for them.</param>
    /// <param name="costs">What verifying costs.</param>
    /// <returns>How many; 0 also while the prompt is being taken in.</returns>
    public int Draft(ReadOnlySpan<int> history, Span<int> drafts, StepCosts costs)
    {
        var room = Math.Min(drafts.Length, context.Cells - history.Length);
        var length = DraftPlan.Length(costs, 1, 1, _rate, room, _secondsPerDraft);
        if (length == 0)
        {
            if (++_resting < Rest || room < TrialLength)
                return 0;
            (_resting, length) = (0, TrialLength);
        }

        var (began, behind) = (time.GetTimestamp(), history.Length - _filled);
        if (!TakeIn(history) || !Continue(history.Length, drafts[..length]))
            return 0;
        var seconds = time.GetElapsedTime(began).TotalSeconds / length;
        if (behind <= DraftPlan.Most + 1) // else a prompt was taken in, which is not what a draft costs
            _secondsPerDraft = _secondsPerDraft == 0 ? seconds : _secondsPerDraft + (Forgetting * (seconds - _secondsPerDraft));
        return length;
    }

    /// <summary>Takes in how many of the drafts were right.</summary>
    public void Observe(int drafted, int accepted)
    {
        for (var i = 0; i < Math.Min(drafted, accepted + 1); i++)
            _rate += Forgetting * ((i < accepted ? 1 : 0) - _rate);
    }

    public void Dispose()
    {
        context.Dispose();
        model.Dispose();
    }

    /// <summary>Brings the draft's cache up to the history, a batch at most; true when it is there and has logits.</summary>
    private bool TakeIn(ReadOnlySpan<int> history)
    {
        var same = _cached.AsSpan(0, _filled).CommonPrefixLength(history[..^1]);
        if (same < _filled)
            context.Forget(0, same, -1);
        var count = Math.Min(history.Length - same, context.BatchSize);
        context.Clear();
        for (var i = 0; i < count; i++)
        {
            _cached[same + i] = history[same + i];
            context.Add(history[same + i], same + i, 0, output: same + i == history.Length - 1);
        }

        _filled = same;
        if (context.Decode(Ticket) != 0)
            return false;
        _filled += count;
        return _filled == history.Length;
    }

    private bool Continue(int position, Span<int> drafts)
    {
        for (var i = 0; i < drafts.Length; i++)
        {
            drafts[i] = LogitScan.IndexOfMax(context.Logits(context.Count - 1));
            if (i == drafts.Length - 1)
                break;
            context.Clear();
            context.Add(drafts[i], position + i, 0, output: true);
            if (context.Decode(Ticket) != 0)
                return false;
            _cached[_filled++] = drafts[i];
        }

        return true;
    }
}
