namespace Hybrid.Models.Pull;

/// <summary>What a pull is doing.</summary>
public enum PullStage
{
    /// <summary>It asks the source what there is.</summary>
    Asking,

    /// <summary>Another process is fetching the same file.</summary>
    Waiting,

    /// <summary>Bytes arrive and are hashed.</summary>
    Fetching,

    /// <summary>A connection failed and is tried again; <see cref="PullProgress.Note"/> says why.</summary>
    Retrying,

    /// <summary>All bytes are here; the rest of the digest is computed.</summary>
    Verifying,

    /// <summary>The model is in the store.</summary>
    Done,
}

/// <summary>How far a pull is; a value, told at most some five times a second and at every change of stage.</summary>
public sealed record PullProgress
{
    /// <summary>What it is doing.</summary>
    public required PullStage Stage { get; init; }

    /// <summary>The file it is at; empty before the source has said what there is.</summary>
    public string File { get; init; } = "";

    /// <summary>That file's place among all, from 1.</summary>
    public int FileNumber { get; init; }

    /// <summary>How many files there are.</summary>
    public int FileCount { get; init; }

    /// <summary>Bytes that are here, of all files, what was here before included.</summary>
    public long Bytes { get; init; }

    /// <summary>Bytes of all files.</summary>
    public long TotalBytes { get; init; }

    /// <summary>Bytes that came over the line in this pull.</summary>
    public long FetchedBytes { get; init; }

    /// <summary>The rate of the last seconds.</summary>
    public double BytesPerSecond { get; init; }

    /// <summary>How long the rest takes at that rate.</summary>
    /// <value>Null: not known.</value>
    public TimeSpan? TimeLeft { get; init; }

    /// <summary>What went wrong or was found, for people.</summary>
    public string? Note { get; init; }
}
