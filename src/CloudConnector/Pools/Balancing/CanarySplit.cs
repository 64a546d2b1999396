using Hybrid.Configuration;

namespace Hybrid.CloudConnector.Pools.Balancing;

/// <summary>Which conversations go to replicas on trial, and whether the trial goes on. Not thread-safe.</summary>
internal sealed class CanarySplit(CanaryOptions options)
{
    private const ulong Seed = 0xCA7A12; // apart from what chooses the replica
    private readonly Side _canaries = new();
    private readonly Side _others = new();

    /// <summary>Why the trial ended; null: it goes on.</summary>
    public string? RolledBack { get; private set; }

    /// <summary>Whether a conversation belongs to the trial; the same one always.</summary>
    public bool Takes(ulong key) => RolledBack is null && PromptKey.Even(key, Seed) < options.Share;

    /// <summary>A first token came.</summary>
    public void Heard(bool canary, TimeSpan after) => (canary ? _canaries : _others).FirstTokens.Add(after.TotalSeconds);

    /// <summary>A request ended well, or by the replica's fault.</summary>
    /// <returns>Whether that ended the trial.</returns>
    public bool Ended(bool canary, bool failed)
    {
        (canary ? _canaries : _others).Outcomes.Add(failed ? 1 : 0);
        if (!options.Rollback || RolledBack is not null || !canary) return false;
        RolledBack = Judge();
        return RolledBack is not null;
    }

    private string? Judge()
    {
        if (_canaries.Outcomes.Count < options.MinRequests || _others.Outcomes.Count < options.MinRequests) return null;
        var (own, others) = (_canaries.Outcomes.Mean, _others.Outcomes.Mean);
        if (own > others + options.MaxExtraFailures) return $"{own:P0} of its requests failed, of the others' {others:P0}";
        if (_canaries.FirstTokens.Count < options.MinRequests || _others.FirstTokens.Count < options.MinRequests) return null;
        (own, others) = (_canaries.FirstTokens.Median, _others.FirstTokens.Median);
        return own > others * options.MaxSlowdown ? $"its first token takes {own:0.000} s, the others' {others:0.000} s" : null;
    }

    private sealed class Side
    {
        public LastFigures Outcomes { get; } = new();

        public LastFigures FirstTokens { get; } = new();
    }
}
