using Hybrid.Targets;

namespace Hybrid.Streaming;

/// <summary>A handover on its way: who will go on, how far it is, and what the speaker says meanwhile.</summary>
internal sealed class Move(string target, HandoverReason reason, double startSeconds)
{
    /// <summary>Handovers of one target that came too late before it is let be.</summary>
    public const int MostTries = 3;

    /// <summary>Prefills ahead of one handover: each leaves less to read than the one before, or the target reads no faster than the speaker speaks.</summary>
    public const int MostReads = 6;

    /// <summary>How far it is.</summary>
    public enum Stages
    {
        /// <summary>The target loads.</summary>
        Waking,

        /// <summary>The target prefills what was said so far, so that later only the difference is left.</summary>
        Prefilling,

        /// <summary>Slack is built: decoded text that is delivered while the target starts.</summary>
        Building,

        /// <summary>The target was asked to go on from the freeze point.</summary>
        Asking,

        /// <summary>It was too late: the speaker went on, and what it says will be thrown away.</summary>
        Late,
    }

    public string Target => target;

    public HandoverReason Reason => reason;

    public Stages Stage { get; set; }

    /// <summary>How long it is expected to take from being asked to the first token, in seconds, where it has read all of what was said.</summary>
    public double StartSeconds { get; set; } = startSeconds;

    /// <summary>How much of what was said it has read, or <see cref="StartSeconds"/> has room for, in tokens.</summary>
    public int ReadTokens { get; set; }

    /// <summary>How much of <paramref name="said"/> tokens it must still read at the seam; while it wakes, nothing is known of that.</summary>
    public int Unread(int said) => Stage == Stages.Waking ? 0 : said - ReadTokens;

    /// <summary>How much it was sent to read last, in tokens.</summary>
    public int Reading { get; set; }

    /// <summary>How many times as long as predicted its last reading took; at least 1.</summary>
    public double Slowness { get; set; } = 1;

    /// <summary>How often it was asked to prefill ahead.</summary>
    public int Reads { get; set; }

    public Task? Waking { get; set; }

    public Attempt? Attempt { get; set; }

    /// <summary>Whether the target is to be woken or to prefill, and does not know yet.</summary>
    public bool IsUnsent => Waking is null && (Stage == Stages.Waking || Attempt is { IsSent: false });

    /// <summary>Whether the target was warm when it was asked, so that the time it took tells how long it takes.</summary>
    public bool AskedWarm { get; set; }

    /// <summary>The freeze point, in tokens.</summary>
    public int AtToken { get; set; }

    public int Tries { get; set; }

    /// <summary>When the stage began.</summary>
    public long Since { get; set; }

    /// <summary>Since when nothing is left to deliver.</summary>
    public long? DryAt { get; set; }

    /// <summary>What the speaker said beyond the freeze point.</summary>
    public List<DecodeUpdate> Overrun { get; } = [];

    public int OverrunTokens { get; private set; }

    public void Keep(in DecodeUpdate update)
    {
        Overrun.Add(update);
        OverrunTokens += update.TokenCount;
    }

    public void Forget()
    {
        Overrun.Clear();
        OverrunTokens = 0;
        DryAt = null;
    }
}
