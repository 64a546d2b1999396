namespace Hybrid.Policy.Log;

/// <summary>Where decisions, outcomes and feedback are written down, one JSON object a line; one process each.</summary>
public sealed record DecisionLogOptions
{
    internal const long LeastFileSize = 4096;
    internal const int MostKeptFiles = 1000;

    /// <summary>The file; its folder is made where it is missing.</summary>
    public required string Path { get; init; }

    /// <summary>Bytes after which a file is put aside and a new one begun; 4096 or more.</summary>
    /// <value>16 MiB</value>
    public long MaxFileSize { get; init; } = 16 << 20;

    /// <summary>Files that are kept aside (<c>PATH.1</c> is the youngest), 0 to 1000; older ones are deleted.</summary>
    /// <value>4</value>
    public int KeptFiles { get; init; } = 4;

    /// <summary>Records that may wait to be written; more are not logged, and counted. At least 1.</summary>
    /// <value>4096</value>
    public int QueueLength { get; init; } = 4096;

    /// <summary>The name of a file put aside.</summary>
    internal string Aside(int age) => $"{Path}.{age}";

    /// <summary>All files, oldest first, whether they exist or not.</summary>
    internal IEnumerable<string> Files() => Enumerable.Range(1, KeptFiles).Reverse().Select(Aside).Append(Path);
}
