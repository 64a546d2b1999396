using Hybrid.Models.Peers;
using Hybrid.Models.Pull.Hub;

namespace Hybrid.Models.Pull;

/// <summary>How models are pulled.</summary>
public sealed record PullOptions
{
    /// <summary>The most connections for one file, 1 to 64.</summary>
    /// <value>8.</value>
    public int Connections { get; init; } = 8;

    /// <summary>The most bytes of a shard, 64 KiB to 1 GiB; small files get smaller ones. A connection that is cut off loses at most one.</summary>
    /// <value>16 MiB.</value>
    public int ShardSize { get; init; } = 16 << 20;

    /// <summary>The most bytes per second over all connections, above zero.</summary>
    /// <value>Null: as fast as it goes.</value>
    public double? BytesPerSecond { get; init; }

    /// <summary>How long a connection may be silent, above zero; then the shard is asked for again.</summary>
    /// <value>30 s.</value>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often in a row a shard may fail without getting on and is tried again, 0 to 1000.</summary>
    /// <value>8.</value>
    public int Retries { get; init; } = 8;

    /// <summary>The longest wait before the first retry; it doubles with each, and the real one is drawn from zero up to it.</summary>
    /// <value>500 ms.</value>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The longest wait before any retry.</summary>
    /// <value>30 s.</value>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A server that asks for more patience than that (<c>Retry-After</c>) is an error, which carries the time it named.</summary>
    /// <value>5 minutes.</value>
    public TimeSpan LongestRetryAfter { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The site's mirror: a folder, or the address of a server with the hub's layout.</summary>
    /// <value>Null: there is none.</value>
    public string? Mirror { get; init; }

    /// <summary>Devices of the site that may have a file already; they are asked before its source.</summary>
    /// <value>Null: none.</value>
    public PeerOptions? Peers { get; init; }

    /// <summary>Whether <c>http:</c> is used beyond this machine; a token never is.</summary>
    /// <value>False.</value>
    public bool AllowHttp { get; init; }

    /// <summary>The hub and the token for it.</summary>
    /// <value>What the environment says: <c>HF_ENDPOINT</c>, <c>HF_TOKEN</c>, <c>HF_HOME</c>, <c>HF_HUB_OFFLINE</c>.</value>
    public HubOptions Hub { get; init; } = HubOptions.FromEnvironment();

    /// <summary>The clock of timeouts, waits and rates.</summary>
    /// <value>The system's.</value>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Draws waits, from 0 to below 1; called by many threads.</summary>
    /// <value>Null: <see cref="Random"/> with a seed of its own.</value>
    public Func<double>? Randomizer { get; init; }

    /// <summary>Whether room is reserved on the disk first, so that a disk too small says so before anything is fetched.</summary>
    internal bool Preallocate { get; init; } = true;

    /// <exception cref="HybridException">A figure is out of its range; the message names all that are.</exception>
    internal void Validate()
    {
        List<string> wrong = [];
        void Check(bool good, string text)
        {
            if (!good) wrong.Add(text);
        }

        Check(Connections is >= 1 and <= 64, $"{nameof(Connections)} is {Connections}, not 1 to 64");
        Check(ShardSize is >= 64 << 10 and <= 1 << 30, $"{nameof(ShardSize)} is {ShardSize}, not 64 KiB to 1 GiB");
        Check(BytesPerSecond is not <= 0 && BytesPerSecond is not double.NaN, $"{nameof(BytesPerSecond)} is {BytesPerSecond}, not above zero");
        Check(StallTimeout > TimeSpan.Zero, $"{nameof(StallTimeout)} is {StallTimeout}, not above zero");
        Check(Retries is >= 0 and <= 1000, $"{nameof(Retries)} is {Retries}, not 0 to 1000");
        Check(FirstDelay >= TimeSpan.Zero && LongestDelay >= FirstDelay, $"{nameof(FirstDelay)} is {FirstDelay} and {nameof(LongestDelay)} {LongestDelay}; they must not be negative, nor the first the longer");
        wrong.AddRange(Peers?.Problems().Select(problem => $"{nameof(Peers)}:{problem.Key}: {problem.Problem}") ?? []);
        if (wrong.Count > 0)
            throw new HybridException(HybridError.Configuration, $"Models cannot be pulled like this: {string.Join("; ", wrong)}. Nothing was fetched.");
    }
}
