using Hybrid.Models.Catalogue;
using Hybrid.Models.Store;
using Hybrid.Targets;

namespace Hybrid.Models.Prefetch;

/// <summary>A model of this device that is brought nearer: a file, or one of the store, and the target that loads it where there is one.</summary>
/// <param name="name">The target's name, or that in the store.</param>
/// <param name="location">A path, or <c>store:NAME:TAG</c>.</param>
/// <param name="files">Finds it.</param>
internal sealed class PrefetchedModel(string name, string location, ModelFiles files) : IPrefetchable
{
    /// <summary>Of a file's pages; with so many in memory it counts as primed.</summary>
    public const double EnoughResident = 0.9;

    private long? _memory;

    public string Name => name;

    /// <summary>What loads it; null: it is only fetched and primed.</summary>
    public ITarget? Target { get; init; }

    public PrefetchLevel Nearest { get; init; } = PrefetchLevel.Primed;

    /// <summary>Says what it will take of memory.</summary>
    public Func<CancellationToken, ValueTask<long>>? EstimateAsync { get; init; }

    /// <summary>Brings it into the store; null: it is not fetched.</summary>
    public IModelFetcher? Fetcher { get; init; }

    /// <summary>Where it is pulled from; null: where the catalogue says.</summary>
    public string? Reference { get; init; }

    public bool IsLoaded => Target?.State.Readiness == TargetReadiness.Warm;

    public PrefetchLevel Level
    {
        get
        {
            if (IsLoaded) return PrefetchLevel.Loaded;
            var paths = Paths();
            if (paths.Count == 0) return PrefetchLevel.None;
            // Where the system does not tell, reading it again and again would do no good.
            return PageCache.ResidentShare(paths) is not { } share || share >= EnoughResident ? PrefetchLevel.Primed : PrefetchLevel.Fetched;
        }
    }

    public long FileBytes => Paths().Sum(path => new FileInfo(path) is { Exists: true } file ? file.Length : 0);

    public ValueTask<long> MissingBytesAsync(CancellationToken cancellationToken) => NeedFetcher().MissingBytesAsync(NeedReference(), cancellationToken);

    public async ValueTask<long> MemoryBytesAsync(CancellationToken cancellationToken) =>
        EstimateAsync is null ? 0 : _memory ??= await EstimateAsync(cancellationToken).ConfigureAwait(false);

    public Task FetchAsync(long? bytesPerSecond, Action<long> fetched, CancellationToken cancellationToken) =>
        NeedFetcher().FetchAsync(NeedReference(), ModelLocation.NameIn(location)!, bytesPerSecond, fetched, cancellationToken);

    public async Task PrimeAsync(int threads, CancellationToken cancellationToken)
    {
        using var read = ParallelRead.Start(Paths(), threads, cancellationToken);
        await read.Completion.ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
    }

    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        if (Target is not null) await Target.WarmAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Where the catalogue says that a model of the store comes from; null where it does not know that quantisation.</summary>
    public static string? CatalogueReference(ModelName name, KnownModels known) =>
        known.Find(name.Name) is { Reference: { } reference } model && model.Quantisations.FirstOrDefault(one => string.Equals(one, name.Tag, StringComparison.OrdinalIgnoreCase)) is { } quantisation
            ? $"{reference}:{quantisation}"
            : null;

    /// <summary>None where the store cannot be read, too: then it is not near.</summary>
    private IReadOnlyList<string> Paths()
    {
        try
        {
            return files.BytesOf(location);
        }
        catch (HybridException)
        {
            return [];
        }
    }

    private IModelFetcher NeedFetcher() => ModelLocation.IsStored(location) && Fetcher is not null ? Fetcher : throw Missing("it is a file of its own, which nobody can fetch");

    private string NeedReference() => Reference ?? throw Missing("nobody says where it is pulled from; give it a Reference under Hybrid:Models:Prefetch:Models");

    private HybridException Missing(string why) => new(HybridError.ModelFile, $"Model '{name}' is not on this disk, and {why}. Nothing was fetched.");
}
