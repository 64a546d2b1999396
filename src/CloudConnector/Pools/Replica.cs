using System.Text;
using Hybrid.CloudConnector.Pools.Health;
using Hybrid.Configuration;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.Pools;

/// <summary>One place where a pool answers, and what is known of it. All that changes is guarded by the pool's lock.</summary>
internal sealed class Replica(ITarget target, ReplicaOptions options, ReplicaHealth health)
{
    public string Name => options.Name;

    public ITarget Target => target;

    public ReplicaHealth Health => health;

    public double Weight => options.Weight;

    /// <summary>The model that it carries in place of the pool's; null: the pool's.</summary>
    public string? Substitute => options.Model;

    public double? Quality => options.Quality;

    public bool IsCanary => options.Canary;

    /// <summary>Tells replicas apart in the hash that keeps a conversation where it is.</summary>
    public ulong Seed { get; } = Balancing.PromptKey.OfText(Encoding.UTF8.GetBytes(options.Name));

    /// <summary>Requests on it now.</summary>
    public int Outstanding { get; set; }

    /// <summary>Whether an operator took it out: it gets no request, and ends those it has.</summary>
    public bool IsDrained { get; set; }

    /// <summary>Requests that it answered, and that it failed.</summary>
    public long Answered { get; set; }

    /// <inheritdoc cref="Answered" />
    public long Failed { get; set; }

    /// <summary>Why it was left out last.</summary>
    public string? OutFor { get; set; }

    /// <summary>Times to the first token, in seconds.</summary>
    public LastFigures FirstTokens { get; } = new();

    /// <summary>Times per output token, in seconds.</summary>
    public LastFigures PerToken { get; } = new();

    /// <summary>A question how it is that has no answer yet.</summary>
    public bool IsAsked { get; set; }

    /// <summary>Its share of the load now: less while it comes back.</summary>
    public double ShareAt(TimeSpan now) => Weight * health.RampAt(now);
}
