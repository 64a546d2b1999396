using Hybrid.Models.Peers;
using Hybrid.Models.Pull.Choice;
using Hybrid.Models.Pull.Hub;
using Hybrid.Models.Pull.Shards;
using Hybrid.Models.Pull.Sources;
using Hybrid.Models.Pull.Web;
using Hybrid.Models.Store;
using Hybrid.Policy.Learning;

namespace Hybrid.Models.Pull;

/// <summary>Pulls models into a store: whole and verified, or not at all.</summary>
/// <remarks>Safe for many threads and, with others on the same store, for many processes: of one file, one fetches and the others wait for it.</remarks>
public sealed partial class ModelPuller : IDisposable
{
    /// <summary>How often a model may change at its source while it is pulled.</summary>
    private const int MostChanges = 3;

    private readonly ModelStore _store;
    private readonly PullHttp _http;
    private readonly PullTools _tools;
    private readonly PeerClient? _peers;

    /// <summary>Pulls into a store, which stays the caller's.</summary>
    /// <exception cref="HybridException">An option is out of its range.</exception>
    public ModelPuller(ModelStore store, PullOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        options ??= new();
        options.Validate();
        (_store, _http) = (store, new(options));
        _peers = options.Peers is { Addresses.Count: > 0 } peers ? new(peers, options.TimeProvider) : null;
        _tools = new(options, options.Randomizer ?? new EvenChance().Draw, new(options.BytesPerSecond, options.TimeProvider), _peers);
    }

    /// <summary>Pulls a model, goes on with what is already here of it, and gives it its own name.</summary>
    /// <param name="reference">Where it is.</param>
    /// <param name="progress">Told how far it is, by the threads that fetch.</param>
    /// <param name="cancellationToken">Ends it; what is here is kept.</param>
    /// <exception cref="HybridException">
    /// It is not there (<see cref="HybridError.ModelFile"/>), may not be had (<see cref="HybridError.Unauthorized"/>), could not be reached (<see cref="HybridError.TargetUnavailable"/>,
    /// <see cref="HybridError.Busy"/>), or could not be stored (<see cref="HybridError.Storage"/>); the message says what is kept.
    /// </exception>
    public Task<ModelManifest> PullAsync(ModelReference reference, IProgress<PullProgress>? progress = null, CancellationToken cancellationToken = default) =>
        PullAsync(reference, null, progress, cancellationToken);

    /// <summary>Pulls a model, goes on with what is already here of it, and gives it a name.</summary>
    /// <param name="reference">Where it is.</param>
    /// <param name="name">What it is called in the store, in place of any other model; null: the repository's or file's name, with the quantisation as tag.</param>
    /// <param name="progress">Told how far it is, by the threads that fetch.</param>
    /// <param name="cancellationToken">Ends it; what is here is kept.</param>
    /// <inheritdoc cref="PullAsync(ModelReference, IProgress{PullProgress}?, CancellationToken)" path="/exception" />
    public async Task<ModelManifest> PullAsync(ModelReference reference, ModelName? name, IProgress<PullProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(reference);
        var meter = new PullMeter(progress, _tools.Options.TimeProvider);
        for (var changes = 0; ; changes++)
        {
            meter.Stage(PullStage.Asking);
            var model = await FindAsync(reference, meter, cancellationToken);
            var stored = name ?? OwnName(reference, model);
            try
            {
                return await PullAsync(model, stored, meter, cancellationToken);
            }
            catch (PullFault fault) when (fault.Remedy is PullRemedy.AskAnew && changes < MostChanges)
            {
                meter.Stage(PullStage.Retrying, fault.Message);
            }
            catch (PullFault fault)
            {
                throw new HybridException(HybridError.TargetUnavailable, $"'{reference}' could not be pulled: {fault.Message}, and so for the {changes + 1}th time. Nothing is kept of it. Try again when its source is quiet.", fault);
            }
        }
    }

    /// <summary>Closes the connections; pulls that still run fail.</summary>
    public void Dispose()
    {
        _http.Dispose();
        _peers?.Dispose();
    }

    private async Task<ModelManifest> PullAsync(RemoteModel model, ModelName name, PullMeter meter, CancellationToken cancellationToken)
    {
        meter.Begin(model.Files.Count, model.Files.Sum(file => file.Size));
        List<ModelFile> files = [];
        var before = 0L;
        foreach (var file in model.Files)
        {
            meter.File(file.Path, files.Count + 1, before);
            files.Add(new(file.Path, file.Size, await PullAsync(file, meter, cancellationToken)));
            before += file.Size;
            meter.Has(file.Size);
        }

        var manifest = new ModelManifest
        {
            Name = name,
            Source = model.Source,
            Revision = model.Revision,
            Licence = model.Licence,
            Files = files,
            PulledAt = _tools.Options.TimeProvider.GetUtcNow(),
        };
        _store.Commit(manifest);
        meter.Stage(PullStage.Done);
        return manifest;
    }

    private async Task<string> PullAsync(RemoteFile file, PullMeter meter, CancellationToken cancellationToken)
    {
        if (file.Size == 0)
            throw new HybridException(HybridError.ModelFile, $"'{file.Place}' is empty. Nothing was fetched.");
        if (file.Sha256 is { } known && _store.Has(known))
            return known;
        var key = FilePull.KeyOf(file);
        var taking = _store.LockPartialAsync(key, cancellationToken);
        if (!taking.IsCompleted)
            meter.Stage(PullStage.Waiting, "another process is fetching it");
        using var taken = await taking;
        // Whoever had it may have fetched it.
        var path = _store.PartialPath(key);
        var there = file.Sha256 ?? PartialFile.StoredAs(path, file.Size, file.Place, file.Validator);
        return there is not null && _store.Has(there)
            ? there
            : await FilePull.RunAsync(file, path, _tools, meter, digest => _store.Admit(path, digest), cancellationToken);
    }

    private async Task<RemoteModel> FindAsync(ModelReference reference, PullMeter meter, CancellationToken cancellationToken)
    {
        IModelSource source = reference.Kind switch
        {
            ModelSourceKind.Hub => new HubSource(_http),
            ModelSourceKind.Mirror => new MirrorSource(_http),
            ModelSourceKind.Web => new WebSource(_http),
            _ => new FileSource(),
        };
        var retrying = new Retrying(_tools.Options, _tools.Draw, reference.ToString(), () => null, note => meter.Stage(PullStage.Retrying, note));
        while (true)
        {
            try
            {
                return await source.FindAsync(reference, cancellationToken);
            }
            catch (PullFault fault)
            {
                await retrying.WaitAsync(fault, cancellationToken);
            }
        }
    }

    /// <summary>The name that a model gets by itself; it never takes the place of another one's.</summary>
    private ModelName OwnName(ModelReference reference, RemoteModel model)
    {
        var name = PulledName.Of(reference, model.Files[0].Path);
        if (_store.Find(name) is not { } there || Repository(there.Manifest!.Source) == Repository(model.Source))
            return name;
        throw new HybridException(HybridError.InvalidRequest, $"'{reference}' would be called '{name}', which is taken by a model from '{there.Manifest!.Source}'. Nothing was fetched. Give it a name of your own, or remove the other one.");
    }

    // A mirror's copy is the hub's model.
    private static string Repository(string source) => source.StartsWith("mirror:", StringComparison.Ordinal) ? string.Concat("hf:", source.AsSpan(7)) : source;
}
