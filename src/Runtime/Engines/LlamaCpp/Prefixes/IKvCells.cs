namespace Hybrid.Engines.LlamaCpp.Prefixes;

/// <summary>The cells of a KV cache, each marked with the ids of the sequences that it belongs to.</summary>
internal interface IKvCells
{
    /// <summary>Marks the cells of one sequence as another's too; no data moves.</summary>
    void Share(int from, int to, int start, int end);

    /// <summary>Takes a sequence's mark off its cells; cells without a mark are free.</summary>
    void Forget(int sequence, int start, int end);
}
