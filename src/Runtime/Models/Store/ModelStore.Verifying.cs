namespace Hybrid.Models.Store;

/// <content>Digests against manifests.</content>
public sealed partial class ModelStore
{
    /// <summary>Reads all files of a model and compares their digests with its manifest, whatever is known of them.</summary>
    /// <remarks>A blob with other bytes is put aside, so that the next pull fetches it again.</remarks>
    /// <param name="name">Which model.</param>
    /// <param name="progress">Is told the bytes of each piece that was read.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>What is wrong, a sentence for each file; empty: nothing.</returns>
    /// <exception cref="HybridException">There is no such model, or the policy does not trust it.</exception>
    public async Task<IReadOnlyList<string>> VerifyAsync(ModelName name, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(name);
        var (manifest, problem) = Guarded("A model cannot be verified", () => Read(name));
        if (manifest is null)
            return problem is null ? throw NotFound(name) : [problem];
        _state.Options.Trust.Check(manifest);
        var problems = await CheckAsync(manifest, again: true, progress, cancellationToken);
        return problem is not null && problems.Count == 0 ? [problem] : problems;
    }

    /// <summary>Compares those files of a model that are not known to be right.</summary>
    internal async Task<IReadOnlyList<string>> CheckAsync(ModelManifest manifest, bool again, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        foreach (var file in manifest.Files)
        {
            if (await CheckAsync(file, again, progress, cancellationToken) is { } problem)
                problems.Add(problem);
        }

        return problems;
    }

    private async Task<string?> CheckAsync(ModelFile file, bool again, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var source = _files.SourceOf(file);
        try
        {
            if (await _verified.CheckAsync(source, file.Sha256, again, progress, cancellationToken))
                return null;
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return $"The bytes of '{file.Path}' are not there.";
        }
        catch (Exception exception) when (Storage.StorageFaults.IsOurs(exception))
        {
            throw Storage.StorageFaults.Translate(exception, $"'{source}' cannot be read", "Nothing was changed.");
        }

        if (file.Outside is not null)
            return $"'{file.Outside.Path}' does not have the SHA-256 {file.Sha256} that it was imported with: it was changed since.";
        if (!IsReadOnly)
            PutAside(file.Sha256);
        return $"The bytes of '{file.Path}' do not have the SHA-256 {file.Sha256} of the manifest: they were damaged on this disk{(IsReadOnly ? "" : ", and were put aside")}.";
    }

    private void PutAside(string sha256) => _state.Change("A damaged blob cannot be put aside", () =>
    {
        _state.Disk.Move(_state.Layout.Own(_state.Layout.Blob(sha256)), _state.Layout.Partial($"{sha256}.damaged"));
        _state.Disk.Delete(_state.Layout.Verified(sha256));
    });
}
