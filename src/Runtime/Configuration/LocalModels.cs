using Hybrid.Device;
using Hybrid.Engines.Residency;
using Hybrid.Models;
using Hybrid.Models.Catalogue;
using Hybrid.Models.Prefetch;
using Hybrid.Models.Store;
using Hybrid.Network;
using Hybrid.Targets;
using Microsoft.Extensions.Logging;

namespace Hybrid.Configuration;

/// <summary>The configured models of this device as targets, and who keeps them near.</summary>
internal sealed class LocalModels
{
    private readonly HybridOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ModelFiles _files;
    private readonly SystemMemory _memory;
    private readonly StorePuller _puller;
    private readonly List<IPrefetchable> _near = [];

    private LocalModels(HybridOptions options, TimeProvider time, ILogger logger)
    {
        (_options, _time, _logger) = (options, time, logger);
        _files = new(() => (options.Models ?? new()).OpenStore(time));
        _puller = new(_files, () => (options.Models ?? new()).Pulling(time));
        _memory = new(time);
    }

    /// <summary>In the order of the configuration.</summary>
    public List<ITarget> Targets { get; } = [];

    /// <summary>Null where nothing is to be kept near.</summary>
    public Prefetcher? Prefetcher { get; private set; }

    public static LocalModels Make(HybridOptions options, ILocalTargetFactory factory, TimeProvider time, ILogger logger, INetworkMonitor? network)
    {
        var made = new LocalModels(options, time, logger);
        var resident = new ResidentModels(options.MemoryBudget, time, logger: logger, pressure: made._memory);
        foreach (var engine in options.LocalModels.Values.Prepend(options.Local).OfType<LocalOptions>()) made.Add(engine, factory, resident);
        if (options.Models?.Prefetch is { } prefetch) made.Start(prefetch, network ?? SystemNetworkMonitor.Instance);
        return made;
    }

    private void Add(LocalOptions engine, ILocalTargetFactory factory, ResidentModels resident)
    {
        var (load, name) = (new LocalLoad(engine, factory, _files), engine.Descriptor.Name);
        Func<IDisposable>? onUse = _options.Models?.Prefetch is null ? null : () => Prefetcher?.Use(name) ?? Nothing.Instance;
        var target = resident.Add(load.Resident(onUse));
        Targets.Add(target);
        // What is unloaded as idle before the next look cannot be kept loaded.
        var stays = engine.KeepAlive is not { } keepAlive || keepAlive >= Prefetcher.Every * 2;
        Near(name, engine.ModelPath, target, stays ? PrefetchLevel.Loaded : PrefetchLevel.Primed, load.EstimateAsync);
    }

    private void Near(string name, string location, ITarget? target, PrefetchLevel nearest, Func<CancellationToken, ValueTask<long>>? estimate)
    {
        var rule = _options.Models?.Prefetch?.Models.FirstOrDefault(rule => string.Equals(rule.Model, name, StringComparison.OrdinalIgnoreCase) && rule.Reference is not null);
        var reference = rule?.Reference ?? (ModelLocation.NameIn(location) is { } stored ? PrefetchedModel.CatalogueReference(stored, ModelsReader.Catalogue(_options.Models)) : null);
        _near.Add(new PrefetchedModel(name, location, _files) { Target = target, Nearest = nearest, EstimateAsync = estimate, Fetcher = _puller, Reference = reference });
    }

    private void Start(PrefetchOptions prefetch, INetworkMonitor network)
    {
        foreach (var model in prefetch.Models.Select(rule => rule.Model).Distinct(StringComparer.OrdinalIgnoreCase))
            if (!_near.Exists(one => string.Equals(one.Name, model, StringComparison.OrdinalIgnoreCase))) Near(model, ModelLocation.Prefix + model, null, PrefetchLevel.Primed, null);
        Prefetcher = Prefetcher.Start(new()
        {
            Models = _near,
            Options = prefetch,
            Link = new SystemLink(prefetch.Link, network),
            Time = _time,
            Logger = _logger,
            Memory = _memory,
            MemoryBudget = _options.MemoryBudget,
            Pulls = () => _puller.Pulls,
            StatePath = _options.Models!.PrefetchState,
        });
    }

    /// <summary>What is disposed where nothing was begun.</summary>
    private sealed class Nothing : IDisposable
    {
        public static readonly Nothing Instance = new();

        public void Dispose()
        {
            // There is nothing to end.
        }
    }
}
