using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace Hybrid.Engines.LlamaCpp.State;

/// <summary>SHA-256 of model files, each computed once for the process as long as the file stays as it is.</summary>
internal static class ModelFingerprint
{
    private static readonly ConcurrentDictionary<(string Path, long Length, DateTime Written), Lazy<Task<string>>> Known = new();

    /// <summary>The file's SHA-256 in lower-case hex.</summary>
    public static Task<string> OfAsync(string path)
    {
        var file = new FileInfo(Path.GetFullPath(path));
        return Known.GetOrAdd((file.FullName, file.Length, file.LastWriteTimeUtc), key => new(() => ComputeAsync(key.Path))).Value;
    }

    private static Task<string> ComputeAsync(string path) => Task.Run(async () =>
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 20, FileOptions.SequentialScan);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file));
    });
}
