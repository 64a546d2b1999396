using Hybrid.Models.Store;

namespace Hybrid.Models;

/// <summary>Finds the files of models, be they paths or names in the store. The store is opened when it is first needed.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class ModelFiles(Func<ModelStore> open)
{
    private readonly Lazy<ModelStore> _store = new(open, LazyThreadSafetyMode.PublicationOnly);

    public ModelStore Store => _store.Value;

    /// <summary>The file for the engine, without keeping it there.</summary>
    /// <exception cref="HybridException">The model is not in the store, or not whole.</exception>
    public string PathOf(string location) => ModelLocation.NameIn(location) is { } name ? Store.PathOf(name) : location;

    /// <summary>Keeps a model where it is and compares those of its files with their digests that were not compared since they came.</summary>
    /// <returns>Null for a path: whose files those are, they look after.</returns>
    /// <exception cref="HybridException">The model is not in the store, or damaged.</exception>
    public async Task<ModelLease?> LeaseAsync(string location, CancellationToken cancellationToken)
    {
        if (ModelLocation.NameIn(location) is not { } name) return null;
        var lease = Store.Use(name);
        try
        {
            var problems = await Store.CheckAsync(lease.Manifest, again: false, progress: null, cancellationToken).ConfigureAwait(false);
            return problems.Count == 0
                ? lease
                : throw new HybridException(HybridError.ModelFile, $"Model '{name}' was not loaded: {string.Join(' ', problems)} Pull it again.");
        }
        catch
        {
            lease.Dispose();
            throw;
        }
    }

    /// <summary>The files that hold a model's bytes, all parts of a split one; empty where it is not on this disk.</summary>
    public IReadOnlyList<string> BytesOf(string location)
    {
        if (ModelLocation.NameIn(location) is not { } name) return File.Exists(location) ? [location] : [];
        return Store.Find(name)?.Manifest is { } manifest ? [.. manifest.Files.Select(file => file.Outside?.Path ?? Store.BlobPath(file.Sha256))] : [];
    }
}
