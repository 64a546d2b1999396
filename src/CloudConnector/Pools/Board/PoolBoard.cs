using System.Diagnostics;
using System.Text.Json;

namespace Hybrid.CloudConnector.Pools.Board;

/// <summary>A folder where the processes of a machine write how their pools are, and an operator writes what is drained.</summary>
/// <remarks>A file for each pool and process, replaced in one step; a file in <c>drained</c> for each drained pool or replica, its name escaped.</remarks>
internal sealed class PoolBoard(string folder)
{
    private const string Suffix = ".json";
    private readonly string _drained = Path.Combine(folder, "drained");

    public void Write(PoolStatus status)
    {
        Directory.CreateDirectory(folder);
        var path = PathOf(status.Pool, status.Process);
        var temporary = path + ".new";
        File.WriteAllBytes(temporary, JsonSerializer.SerializeToUtf8Bytes(status, BoardJson.Default.PoolStatus));
        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>Takes a process's word away.</summary>
    public void Remove(string pool, int process) => File.Delete(PathOf(pool, process));

    /// <summary>What the processes that live say; what others left behind is deleted.</summary>
    public IReadOnlyList<PoolStatus> Read()
    {
        List<PoolStatus> found = [];
        foreach (var path in Files(folder, "*" + Suffix))
        {
            if (TryRead(path) is not { } status) continue;
            if (Lives(status.Process)) found.Add(status);
            else File.Delete(path);
        }

        return [.. found.OrderBy(status => status.Pool, StringComparer.Ordinal).ThenBy(status => status.Process)];
    }

    /// <summary>What is drained: names of pools, and <c>POOL/REPLICA</c>.</summary>
    public IReadOnlySet<string> Drained() => Files(_drained, "*").Select(path => Uri.UnescapeDataString(Path.GetFileName(path))).ToHashSet(StringComparer.Ordinal);

    /// <summary>Drains a pool or a replica, or takes it in again.</summary>
    public void Drain(string name, bool undo)
    {
        var path = Path.Combine(_drained, Uri.EscapeDataString(name));
        if (undo)
        {
            if (Directory.Exists(_drained)) File.Delete(path);
            return;
        }

        Directory.CreateDirectory(_drained);
        File.WriteAllBytes(path, []);
    }

    private static IEnumerable<string> Files(string folder, string pattern) => Directory.Exists(folder) ? Directory.EnumerateFiles(folder, pattern) : [];

    private static PoolStatus? TryRead(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), BoardJson.Default.PoolStatus);
        }
        catch (Exception error) when (error is JsonException or FileNotFoundException)
        {
            return null; // of another version, or gone in the same moment
        }
    }

    private static bool Lives(int process)
    {
        try
        {
            using var found = Process.GetProcessById(process);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private string PathOf(string pool, int process) => Path.Combine(folder, $"{Uri.EscapeDataString(pool)}.{process}{Suffix}");
}
