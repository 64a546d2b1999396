using Hybrid.Engines.Residency;
using Hybrid.Models;
using Hybrid.Models.Store;
using Hybrid.Targets;

namespace Hybrid.Configuration;

/// <summary>Loads one configured model of this device; what is in the store is kept there until it is unloaded.</summary>
internal sealed class LocalLoad(LocalOptions options, ILocalTargetFactory factory, ModelFiles files)
{
    private IReadOnlyList<ModelLease> _leases = [];

    public ResidentModel Resident(Func<IDisposable>? onUse) => new()
    {
        Descriptor = options.Descriptor,
        KeepAlive = options.KeepAlive,
        EstimateAsync = EstimateAsync,
        LoadAsync = LoadAsync,
        OnUse = onUse,
        OnUnloaded = Release,
    };

    /// <summary>Bytes of memory that it will take.</summary>
    public ValueTask<long> EstimateAsync(CancellationToken cancellationToken) => factory.EstimateAsync(
        options with { ModelPath = files.PathOf(options.ModelPath), DraftModelPath = options.DraftModelPath is { } draft ? files.PathOf(draft) : null }, cancellationToken);

    private async ValueTask<ITarget> LoadAsync(CancellationToken cancellationToken)
    {
        List<ModelLease> leases = [];
        try
        {
            var path = await PathAsync(options.ModelPath).ConfigureAwait(false);
            var draft = options.DraftModelPath is { } location ? await PathAsync(location).ConfigureAwait(false) : null;
            var loaded = await factory.LoadAsync(options with { ModelPath = path, DraftModelPath = draft }, cancellationToken).ConfigureAwait(false);
            _leases = leases;
            return loaded;
        }
        catch
        {
            leases.ForEach(lease => lease.Dispose());
            throw;
        }

        async Task<string> PathAsync(string location)
        {
            if (await files.LeaseAsync(location, cancellationToken).ConfigureAwait(false) is not { } lease) return location;
            leases.Add(lease);
            return lease.Path;
        }
    }

    private void Release()
    {
        foreach (var lease in _leases) lease.Dispose();
        _leases = [];
    }
}
