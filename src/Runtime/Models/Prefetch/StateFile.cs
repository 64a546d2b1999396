using System.Text.Json;
using Hybrid.Storage;

namespace Hybrid.Models.Prefetch;

/// <summary>Where a prefetcher keeps what it learned; replaced whole, so that after a power loss there is the old or the new one.</summary>
/// <remarks>One process at a time has it. Another one learns for itself and fetches nothing ahead: two would fetch everything twice.</remarks>
internal sealed class StateFile : IDisposable
{
    private const int LargestFile = 4 << 20;
    private readonly string _path;
    private readonly FileStream _lock;

    private StateFile(string path, FileStream held) => (_path, _lock) = (path, held);

    /// <summary>Takes the file for this process; null where another has it, or it cannot be written.</summary>
    public static StateFile? Take(string path, out string problem)
    {
        problem = "";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            return new(path, new FileStream(path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            problem = failure.Message;
            return null;
        }
    }

    /// <summary>What is there; null where nothing is, or nothing that can be used, which <paramref name="problem"/> then says.</summary>
    public static KeptState? Read(string path, out string? problem)
    {
        problem = null;
        try
        {
            if (!File.Exists(path)) return null;
            if (new FileInfo(path).Length <= LargestFile && JsonSerializer.Deserialize(File.ReadAllBytes(path), PrefetchJson.Default.KeptState) is { IsSound: true } state) return state;
            problem = "it does not hold what a prefetcher writes";
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or JsonException or NotSupportedException)
        {
            problem = failure.Message;
        }

        return null;
    }

    public KeptState? Read(out string? problem) => Read(_path, out problem);

    /// <exception cref="IOException">It could not be written; what was there is kept.</exception>
    public void Write(KeptState state)
    {
        var unfinished = _path + ".new";
        using (var file = new FileStream(unfinished, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            file.Write(JsonSerializer.SerializeToUtf8Bytes(state, PrefetchJson.Default.KeptState));
            file.Flush(flushToDisk: true);
        }

        File.Move(unfinished, _path, overwrite: true);
        FolderSync.Flush(Path.GetDirectoryName(Path.GetFullPath(_path))!);
    }

    public void Dispose() => _lock.Dispose();
}
