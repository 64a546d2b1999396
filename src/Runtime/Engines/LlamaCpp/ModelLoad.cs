using Hybrid.Models.Guard;
using Hybrid.Models.Prefetch;

namespace Hybrid.Engines.LlamaCpp;

/// <summary>From a path to a loaded model: the guard first, then native code.</summary>
internal static class ModelLoad
{
    /// <summary>Checks the file, then loads it on a thread of the pool; a model of a store is kept there until it is disposed.</summary>
    /// <param name="path">A GGUF file.</param>
    /// <param name="gpuLayers">Layers to put on a GPU, where the libraries have one; negative: all.</param>
    /// <param name="time">The clock.</param>
    /// <param name="progress">0 to 1.</param>
    /// <param name="cancellationToken">Stops the load.</param>
    /// <param name="readAhead">Whether the file may be read beside the load, where that makes it shorter.</param>
    public static async Task<LlamaModel> RunAsync(string path, int gpuLayers, TimeProvider time, IProgress<double>? progress, CancellationToken cancellationToken, bool readAhead = true)
    {
        var guarded = await ModelGuard.OpenAsync(path, time, cancellationToken);
        try
        {
            return await Task.Run(() =>
            {
                using var ahead = readAhead ? ColdLoad.Begin(guarded.File) : null;
                return LlamaModel.Load(guarded, gpuLayers, progress, cancellationToken);
            }, cancellationToken);
        }
        catch
        {
            guarded.Dispose();
            throw;
        }
    }
}
