using Hybrid.Models.Gguf;
using Hybrid.Models.Store;
using Hybrid.Storage;

namespace Hybrid.Models.Guard;

/// <summary>What a model file has to pass before native code sees it.</summary>
internal static class ModelGuard
{
    /// <summary>Checks what the header says, that a split model has all its parts, and that no weights are missing.</summary>
    /// <param name="path">A GGUF file, of a split model the first.</param>
    /// <param name="emptyWeights">Whether parts full of zeros are meant: their digest is known to be right.</param>
    /// <exception cref="HybridException">It must not be loaded; the message says why.</exception>
    public static GgufFile CheckStructure(string path, bool emptyWeights = false)
    {
        var file = GgufFile.Open(path);
        foreach (var part in emptyWeights ? [] : file.Parts)
            CheckWeights(part);
        return file;
    }

    /// <summary>Checks a file and keeps it: of one that a store put in its place also the digests, where they are not known yet.</summary>
    /// <param name="path">A GGUF file, of a split model the first.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="HybridException">It must not be loaded; the message says why.</exception>
    public static async Task<GuardedModel> OpenAsync(string path, TimeProvider time, CancellationToken cancellationToken = default)
    {
        if (StoredPath.Of(path) is not { } stored)
            return await Task.Run(() => new GuardedModel(CheckStructure(path), lease: null), cancellationToken);
        var store = ModelStore.Open(stored.Root, options: null, time);
        var (manifest, lease) = store.UseContent(stored.Content);
        try
        {
            if (!manifest.Files.Any(file => file.Path == stored.Path))
                throw new HybridException(HybridError.ModelFile, $"'{path}' is not in the manifest of model '{manifest.Name}', in whose folder it is. Nothing was loaded. Find out who put it there.");
            var problems = await store.CheckAsync(manifest, again: false, progress: null, cancellationToken);
            if (problems.Count > 0)
                throw new HybridException(HybridError.ModelFile, $"Model '{manifest.Name}' must not be loaded: {string.Join(' ', problems)} Nothing was loaded. Pull it again.");
            return await Task.Run(() => new GuardedModel(CheckStructure(path, emptyWeights: true), lease), cancellationToken);
        }
        catch
        {
            lease?.Dispose();
            throw;
        }
    }

    private static void CheckWeights(GgufFile part)
    {
        try
        {
            using var stream = new FileStream(part.Path, new FileStreamOptions { BufferSize = 0 });
            if (EmptyWeights.Find(stream, part.Extents) is var (tensor, bytes))
                throw new HybridException(HybridError.ModelFile, $"Model file '{part.Path}': {bytes} bytes of tensor '{tensor}' are zeros, as in a file that was made in its full length and never filled. Nothing was loaded. Fetch it again; if it is meant so, import it with its SHA-256.");
        }
        catch (Exception exception) when (StorageFaults.IsOurs(exception))
        {
            throw new HybridException(HybridError.ModelFile, $"Model file '{part.Path}' cannot be read: {exception.Message.TrimEnd('.')}. Nothing was loaded. Check the file and its rights.", exception);
        }
    }
}
