using Hybrid.Models.Gguf;

namespace Hybrid.Models.Prefetch;

/// <summary>Reads a model's file beside its load where that makes the load shorter. Disposing stops what is still read.</summary>
/// <remarks>
/// Native code maps the file and takes its pages one after another. Where they are not in memory, the file is large and it is the disk that is waited for,
/// several reads at once are faster; where most of the load is spent on putting weights into another order, the readers would only take its processor.
/// </remarks>
internal sealed class ColdLoad : IDisposable
{
    /// <summary>Smaller files are there before threads have begun.</summary>
    public const long LeastBytes = 128L << 20;

    /// <summary>Of the file's pages; with more in memory there is too little to gain.</summary>
    public const double MostResident = 0.5;

    /// <summary>Of the weights; with more of them put into another order the load waits for the processor.</summary>
    public const double MostRepacked = 0.5;

    private const int Threads = 4;
    private readonly ParallelRead? _read;

    private ColdLoad(ParallelRead? read) => _read = read;

    /// <summary>Whether it is being read beside the load.</summary>
    public bool Reads => _read is not null;

    /// <summary>Begins to read a model's file, all parts of a split one, where that is worth it.</summary>
    public static ColdLoad Begin(GgufFile file)
    {
        string[] paths = [.. file.Parts.Select(part => part.Path)];
        var length = file.Parts.Sum(part => part.Length);
        return new(IsWorth(length, PageCache.ResidentShare(paths), file.Weights, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes) ? ParallelRead.Start(paths, Threads) : null);
    }

    /// <summary>Whether reading beside the load makes it shorter. Pure.</summary>
    /// <param name="length">Bytes of all parts.</param>
    /// <param name="resident">The share that is in memory; null: not known, then nothing is done.</param>
    /// <param name="weights">What is in it.</param>
    /// <param name="memory">Bytes that the process may take; of a larger file the first pages would be gone before the last have come.</param>
    public static bool IsWorth(long length, double? resident, GgufWeights weights, long memory) =>
        length >= LeastBytes && length <= memory && resident <= MostResident && weights.RepackedBytes <= weights.Bytes * MostRepacked;

    public void Dispose() => _read?.Dispose();
}
