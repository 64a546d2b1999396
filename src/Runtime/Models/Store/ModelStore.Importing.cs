using Hybrid.Models.Guard;
using Hybrid.Storage;

namespace Hybrid.Models.Store;

/// <content>Models that stay where they are.</content>
public sealed partial class ModelStore
{
    /// <summary>Gives a name to a GGUF file that stays where it is: nothing is copied. Of a split model the first part is named.</summary>
    /// <remarks>It is read once for its digest. A file that is changed later is refused from then on, until it is imported again.</remarks>
    /// <param name="name">What it is to be called.</param>
    /// <param name="path">The file.</param>
    /// <param name="sha256">The digest that it has to have; null: any. One that is given also says that parts full of zeros are meant.</param>
    /// <param name="progress">Is told the bytes of each piece that was read.</param>
    /// <param name="cancellationToken">Stops it; nothing is changed.</param>
    /// <exception cref="HybridException">The file is missing, damaged, not the one that was meant, or the store cannot be written.</exception>
    public async Task<ModelManifest> ImportAsync(ModelName name, string path, string? sha256 = null, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentException.ThrowIfNullOrEmpty(path);
        var full = Path.GetFullPath(path);
        return await ImportAsync(name, full, "file:" + full, revision: null, sha256 is null ? [] : [sha256], progress, cancellationToken);
    }

    /// <summary>Gives a name to a GGUF file of a Hugging Face cache, which stays there.</summary>
    /// <param name="name">What it is to be called.</param>
    /// <param name="cache">The cache.</param>
    /// <param name="repository">Such as <c>Qwen/Qwen3-0.6B-GGUF</c>.</param>
    /// <param name="file">Its path in the repository.</param>
    /// <param name="revision">A branch, a tag or a commit.</param>
    /// <param name="progress">Is told the bytes of each piece that was read.</param>
    /// <param name="cancellationToken">Stops it; nothing is changed.</param>
    /// <exception cref="HybridException">The cache does not have it, it is damaged there, or the store cannot be written.</exception>
    public async Task<ModelManifest> ImportAsync(
        ModelName name, HuggingFaceCache cache, string repository, string file, string revision = "main", IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(cache);
        var found = cache.Find(repository, file, revision)
            ?? throw new HybridException(HybridError.ModelFile, $"The Hugging Face cache '{cache.Folder}' does not have '{file}' of '{repository}' at '{revision}'. Nothing was changed. Pull it instead.");
        var parts = SplitParts(found.Path);
        return await ImportAsync(name, found.Path, $"hf:{repository}/{file}", found.Commit, [.. parts.Select(HuggingFaceCache.DigestOf)], progress, cancellationToken);
    }

    private static string[] SplitParts(string path)
    {
        var folder = Path.GetDirectoryName(path)!;
        return SplitNames.Parse(Path.GetFileName(path)) is { Part: 1 } split
            ? [.. Enumerable.Range(1, split.Parts).Select(part => Path.Combine(folder, SplitNames.Name(split.Start, part, split.Parts)))]
            : [path];
    }

    private async Task<ModelManifest> ImportAsync(
        ModelName name, string path, string source, string? revision, IReadOnlyList<string?> digests, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        RequireWritable($"Model '{name}' cannot be imported");
        await Task.Run(() => ModelGuard.CheckStructure(path, emptyWeights: digests is [not null, ..]), cancellationToken);
        var files = new List<ModelFile>();
        var parts = SplitParts(path);
        for (var i = 0; i < parts.Length; i++)
            files.Add(await ReadOutsideAsync(parts[i], i < digests.Count ? digests[i] : null, progress, cancellationToken));
        var manifest = new ModelManifest { Name = name, Source = source, Revision = revision, Files = files, PulledAt = _state.Time.GetUtcNow() };
        Commit(manifest);
        return manifest;
    }

    private async Task<ModelFile> ReadOutsideAsync(string path, string? expected, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        try
        {
            var before = FileIdentity.Of(path) ?? throw new FileNotFoundException("it does not exist", path);
            var sha256 = await VerifiedFiles.DigestAsync(path, progress, cancellationToken);
            if (expected is not null && sha256 != expected)
                throw new HybridException(HybridError.ModelFile, $"'{path}' has the SHA-256 {sha256} and not {expected}: it is another file, or damaged. Nothing was changed. Fetch it again.");
            if (FileIdentity.Of(path) != before)
                throw new HybridException(HybridError.ModelFile, $"'{path}' was changed while it was read. Nothing was imported. Try again when it is whole.");
            _verified.Remember(path, sha256);
            return new(Path.GetFileName(path), before.Size, sha256) { Outside = new(path, new(before.Modified, TimeSpan.Zero)) };
        }
        catch (Exception exception) when (StorageFaults.IsOurs(exception))
        {
            throw StorageFaults.Translate(exception, $"'{path}' cannot be imported", "Nothing was changed.");
        }
    }
}
