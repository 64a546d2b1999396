using Hybrid.Storage;

namespace Hybrid.Models.Store;

/// <content>What the public members are made of.</content>
public sealed partial class ModelStore
{
    private static bool TryMake(StoreState state)
    {
        var layout = state.Layout;
        try
        {
            foreach (var folder in new[] { layout.Blobs, layout.Names, layout.Files, layout.Partials, layout.Usage, layout.Leases })
                state.MakeFolder(folder);
            FileLock.TryTake(layout.Gate)?.Dispose();
            return true;
        }
        catch (Exception exception) when (StorageFaults.IsReadOnly(exception) && Directory.Exists(layout.Names))
        {
            return false;
        }
    }

    private static HybridException NotFound(ModelName name) =>
        new(HybridError.ModelFile, $"There is no model '{name}' in the store. Nothing was loaded or changed. Pull it first, or list those that are there.");

    private T Guarded<T>(string what, Func<T> action) => _state.Guarded(what, action);

    private void RequireWritable(string what)
    {
        if (IsReadOnly)
            throw new HybridException(HybridError.Storage, $"{what}: the model store '{Root}' is read-only. Nothing was changed. Use another folder, or change its rights.");
    }

    /// <summary>The manifest of a name, or what is wrong with it; neither where there is none.</summary>
    private (ModelManifest? Manifest, string? Problem) Read(ModelName name)
    {
        try
        {
            var manifest = _names.Read(name);
            return (manifest, manifest is null ? null : _files.Problem(manifest));
        }
        catch (FormatException exception)
        {
            return (null, $"its manifest cannot be used: {exception.Message.TrimEnd('.')}");
        }
    }

    private StoredModel Describe(ModelName name)
    {
        var (manifest, problem) = Read(name);
        return new(
            name,
            manifest,
            manifest is null ? default : _usage.LastUse(manifest),
            _usage.IsPinned(name),
            manifest is not null && _usage.IsLeased(StoreFiles.ContentOf(manifest)),
            problem);
    }

    /// <summary>Keeps a model that is known by its folder, whatever its name is by now, and sees to it that its files there are those of the manifest.</summary>
    internal (ModelManifest Manifest, IDisposable? Lease) UseContent(string content) => Guarded("A model cannot be opened", () =>
    {
        ModelManifest Read()
        {
            try
            {
                return StoreNames.ReadFile(_state.Layout.Own(_state.Layout.ManifestOf(content))) is { } manifest && StoreFiles.ContentOf(manifest) == content
                    ? manifest
                    : throw new FormatException("it is the manifest of another one");
            }
            catch (FormatException exception)
            {
                throw new HybridException(HybridError.ModelFile, $"The model in '{_state.Layout.FilesOf(content)}' cannot be used: its manifest is damaged: {exception.Message.TrimEnd('.')}. Nothing was loaded. Pull it again.", exception);
            }
        }

        return IsReadOnly ? (Linked(Read()), (IDisposable?)null) : _state.Gate.Run(() =>
        {
            var manifest = Read();
            if (!_files.IsLinked(manifest) && _files.Problem(manifest) is null)
                _files.Link(manifest);
            _usage.Touch(manifest.Name);
            return (Linked(manifest), (IDisposable?)_usage.Lease(content));
        });
    });

    private ModelManifest Linked(ModelManifest manifest) => _files.IsLinked(manifest)
        ? manifest
        : throw new HybridException(HybridError.ModelFile, $"Model '{manifest.Name}' must not be loaded: {_files.Problem(manifest) ?? "what stands in its folder are not its files"}. Nothing was loaded. Pull it again.");

    private ModelManifest Require(ModelName name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var (manifest, problem) = Read(name);
        if (problem is not null)
            throw new HybridException(HybridError.ModelFile, $"Model '{name}' cannot be used: {problem}. Nothing was loaded. Pull it again.");
        _state.Options.Trust.Check(manifest ?? throw NotFound(name));
        return manifest;
    }

    private string EntryOf(ModelManifest manifest)
    {
        if (!_files.IsLinked(manifest) && !IsReadOnly)
            _state.Gate.Run(() => _files.Link(manifest));
        return _files.PathOf(manifest, manifest.Files[0]);
    }
}
