using Hybrid.Storage;

namespace Hybrid.Models.Store;

/// <summary>Models on this device: their bytes by SHA-256, and names that stand for whole, verified models or for nothing.</summary>
/// <remarks>
/// Thread-safe, and safe for many processes on one folder. Whoever holds a <see cref="ModelLease"/> finds its files where they are;
/// all locks end with their process. Every failure is a <see cref="HybridException"/>.
/// </remarks>
public sealed partial class ModelStore
{
    private readonly StoreState _state;
    private readonly StoreNames _names;
    private readonly StoreFiles _files;
    private readonly StoreUsage _usage;
    private readonly VerifiedFiles _verified;

    private ModelStore(StoreState state) => (_state, _names, _files, _usage, _verified) = (state, new(state), new(state), new(state), new(state));

    /// <summary>The folder.</summary>
    public string Root => _state.Layout.Root;

    /// <summary>Whether nothing can be changed.</summary>
    public bool IsReadOnly => _state.ReadOnly;

    /// <summary>The options that it was opened with.</summary>
    public ModelStoreOptions Options => _state.Options;

    /// <summary>Opens a store, and makes it where there is none.</summary>
    /// <param name="root">The folder, for this purpose alone.</param>
    /// <param name="options">How it is kept.</param>
    /// <param name="timeProvider">The clock of last uses; the system's if null.</param>
    /// <exception cref="HybridException">There is no such folder and none can be made, or an option is out of range.</exception>
    public static ModelStore Open(string root, ModelStoreOptions? options = null, TimeProvider? timeProvider = null) =>
        Open(root, options, timeProvider, Disk.Real);

    internal static ModelStore Open(string root, ModelStoreOptions? options, TimeProvider? timeProvider, IDisk disk)
    {
        ArgumentException.ThrowIfNullOrEmpty(root);
        options ??= new();
        options.Validate();
        var layout = new StoreLayout(root);
        var time = timeProvider ?? TimeProvider.System;
        StoreState State(bool readOnly) => new(layout, options, time, disk, readOnly);
        return State(false).Guarded("The model store cannot be opened", () => new ModelStore(State(options.ReadOnly || !TryMake(State(false)))));
    }

    /// <summary>Whether a blob is there.</summary>
    /// <param name="sha256">64 lower-case hexadecimal digits.</param>
    public bool Has(string sha256) => Guarded("A blob cannot be looked for", () => _files.Has(sha256));

    /// <summary>Where a blob is, or would be.</summary>
    /// <param name="sha256">64 lower-case hexadecimal digits.</param>
    public string BlobPath(string sha256) => _state.Layout.Blob(sha256);

    /// <summary>Where something is written while it is fetched.</summary>
    /// <param name="key">Names it: lower-case letters, digits, '.', '-' and '_', 128 at most; what begins with another one's key and a dot belongs to that one.</param>
    public string PartialPath(string key) => _state.Layout.Own(_state.Layout.Partial(key));

    /// <summary>Waits for the turn to fetch something, so that two processes do not fetch the same at once.</summary>
    /// <param name="key">What is fetched, as for <see cref="PartialPath"/>.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public async ValueTask<PartialLock> LockPartialAsync(string key, CancellationToken cancellationToken = default)
    {
        RequireWritable("A lock cannot be taken");
        var path = _state.Layout.Own(_state.Layout.PartialLock(key));
        while (true)
        {
            var held = Guarded("A lock cannot be taken", () => FileLock.TryTake(path));
            // A clean-up may have deleted the file after it was opened here; then the lock is on nothing.
            if (held is not null && held.StillNamed(path))
                return new(held);
            held?.Dispose();
            await Task.Delay(TimeSpan.FromMilliseconds(100), _state.Time, cancellationToken);
        }
    }

    /// <summary>Whether a process is fetching this into its partial file now.</summary>
    internal bool IsFetching(string key) => FileLock.IsHeld(_state.Layout.Own(_state.Layout.PartialLock(key)));

    /// <summary>Takes a fetched file into the blobs; where the blob is there already, the file is deleted.</summary>
    /// <remarks>It is flushed and renamed in one step, so that a blob is whole or not there. A clean-up leaves it for <see cref="ModelStoreOptions.KeepUnfinished"/>.</remarks>
    /// <param name="partialPath">From <see cref="PartialPath"/>.</param>
    /// <param name="sha256">Its digest, which the caller computed over all its bytes.</param>
    public void Admit(string partialPath, string sha256) => _state.Change("A file cannot be taken into the model store", () =>
    {
        _files.Admit(partialPath, sha256);
        _verified.Remember(_state.Layout.Blob(sha256), sha256);
    });

    /// <summary>Gives a name to a model whose files are all there; what had the name before is kept while it is loaded.</summary>
    /// <exception cref="HybridException">A file is missing or of the wrong size, a rule is broken, or a signature is wrong or missing.</exception>
    public void Commit(ModelManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        if (ManifestRules.Problem(manifest) is { } broken)
            throw new HybridException(HybridError.InvalidRequest, $"Model '{manifest.Name}' cannot be stored: {broken}. Nothing was changed.");
        _state.Options.Trust.Check(manifest);
        _state.Change($"Model '{manifest.Name}' cannot be stored", () =>
        {
            if (_files.Problem(manifest) is { } missing)
                throw new HybridException(HybridError.Storage, $"Model '{manifest.Name}' cannot be stored: {missing}. What the name stood for before is unchanged. Pull it again.");
            _files.Link(manifest);
            _names.Write(manifest);
            _usage.Touch(manifest.Name);
        });
    }

    /// <summary>The model of a name; null where there is none, or none that is whole.</summary>
    public StoredModel? Find(ModelName name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Guarded("A model cannot be looked for", () => Describe(name) is { Manifest: not null, Problem: null } model ? model : null);
    }

    /// <summary>All models by name, those that cannot be used with the reason.</summary>
    public IReadOnlyList<StoredModel> List() => Guarded("Models cannot be listed", () => Directory.Exists(_state.Layout.Names)
        ? (IReadOnlyList<StoredModel>)[.. _names.All().Select(one => Describe(one.Name))]
        : []);

    /// <summary>The file of a model for the engine; the other parts of a split one stand beside it. <see cref="Use"/> also keeps it there.</summary>
    /// <exception cref="HybridException">There is no such model, it is not whole, or the policy does not trust it.</exception>
    public string PathOf(ModelName name) => Guarded("A model cannot be opened", () => EntryOf(Require(name)));

    /// <summary>Keeps a model where it is until the lease is disposed or the process ends, and notes that it is used.</summary>
    /// <exception cref="HybridException">There is no such model, it is not whole, or the policy does not trust it.</exception>
    public ModelLease Use(ModelName name)
    {
        if (IsReadOnly)
        {
            return Guarded("A model cannot be opened", () =>
            {
                var found = Require(name);
                return new ModelLease(EntryOf(found), found, () => { });
            });
        }

        return _state.Change("A model cannot be opened", () =>
        {
            var manifest = Require(name);
            if (!_files.IsLinked(manifest))
                _files.Link(manifest);
            var held = _usage.Lease(StoreFiles.ContentOf(manifest));
            try
            {
                _usage.Touch(name);
                return new ModelLease(EntryOf(manifest), manifest, held.Dispose);
            }
            catch
            {
                held.Dispose();
                throw;
            }
        });
    }

    /// <summary>Keeps clean-up away from a model, until it is unpinned.</summary>
    public void Pin(ModelName name) => _state.Change("A model cannot be pinned", () =>
    {
        Require(name);
        _usage.Pin(name);
    });

    /// <summary>Lets clean-up have a model again.</summary>
    public void Unpin(ModelName name) => _state.Change("A model cannot be unpinned", () => _usage.Unpin(name));

    /// <summary>Removes a name, and the bytes that no other one needs.</summary>
    /// <returns>Bytes that were freed.</returns>
    /// <exception cref="HybridException">There is no such name, it is pinned, or a process has it loaded.</exception>
    public long Remove(ModelName name) => _state.Change("A model cannot be removed", () =>
    {
        var model = Describe(name);
        if (!File.Exists(_state.Layout.Name(name)))
            throw NotFound(name);
        if (model.InUse)
            throw new HybridException(HybridError.Busy, $"Model '{name}' is loaded by a process. It was not removed. Unload it there, then try again.");
        if (model.Pinned)
            throw new HybridException(HybridError.InvalidRequest, $"Model '{name}' is pinned. It was not removed. Unpin it first.");
        return new Collector(_state, _names, _usage, new()).RemoveName(name);
    });

    /// <summary>Cleans up: what nobody finished, what no name refers to, and, over the quota, the least recently used models that are neither loaded nor pinned.</summary>
    public CollectReport Collect(CollectOptions? options = null) =>
        _state.Change("The model store cannot be cleaned up", () => new Collector(_state, _names, _usage, options ?? new()).Collect());
}
