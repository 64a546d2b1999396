using Hybrid.Configuration;
using Hybrid.Policy.Learning;
using Hybrid.Targets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.CloudConnector.Pools;

/// <summary>Makes pools of replicas of a type that knows only one endpoint.</summary>
/// <typeparam name="TReplicas">Makes the target of one replica.</typeparam>
internal sealed class PoolTargetFactory<TReplicas>(TReplicas replicas, TimeProvider time, ILoggerFactory? logging = null) : ITargetFactory
    where TReplicas : ITargetFactory
{
    public string Type => replicas.Type;

    public bool TakesReplicas => true;

    public ITarget Create(PoolOptions options)
    {
        List<ReplicaOptions> places = [.. options.Replicas];
        if (options.Endpoint is null && places.Count == 0) return replicas.Create(options); // the type says what is missing
        if (options.Endpoint is { } own) places.Insert(0, new() { Name = own.Authority, Endpoint = own });
        return new PoolTarget(
            options,
            [.. places.Select(place => (place, Replica(options, place, places.Count == 1)))],
            time,
            new EvenChance().Draw,
            logging?.CreateLogger("Hybrid.CloudConnector.Pools") ?? (ILogger)NullLogger.Instance);
    }

    private ITarget Replica(PoolOptions pool, ReplicaOptions place, bool alone) => replicas.Create(pool with
    {
        Endpoint = place.Endpoint,
        ApiKey = place.ApiKey ?? pool.ApiKey,
        Replicas = [],
        Settings = place.Settings.Count == 0 ? pool.Settings : Merge(pool.Settings, place.Settings),
        Descriptor = pool.Descriptor with
        {
            Name = alone ? pool.Descriptor.Name : $"{pool.Descriptor.Name}/{place.Name}",
            Model = place.Model ?? pool.Descriptor.Model,
            Quality = place.Quality ?? pool.Descriptor.Quality,
        },
    });

    private static Dictionary<string, string> Merge(IReadOnlyDictionary<string, string> pool, IReadOnlyDictionary<string, string> own)
    {
        var merged = new Dictionary<string, string>(pool, StringComparer.OrdinalIgnoreCase);
        foreach (var (key, value) in own) merged[key] = value;
        return merged;
    }
}
