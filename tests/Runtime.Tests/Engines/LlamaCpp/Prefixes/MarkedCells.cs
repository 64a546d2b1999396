using Hybrid.Engines.LlamaCpp.Prefixes;

namespace Hybrid.Tests.Engines.LlamaCpp.Prefixes;

/// <summary>A KV cache in plain memory that does what llama.cpp's does, and complains where that would be wrong.</summary>
internal sealed class MarkedCells(int capacity) : IKvCells
{
    private readonly List<Cell> _cells = [];

    public int Used => _cells.Count;

    public void Fill(int sequence, int position, int token)
    {
        Assert.True(_cells.Count < capacity, "the cache is full");
        Assert.DoesNotContain(_cells, cell => cell.Position == position && cell.Marks.Contains(sequence));
        _cells.Add(new(position, token, [sequence]));
    }

    public void Share(int from, int to, int start, int end)
    {
        foreach (var cell in _cells.Where(cell => In(cell, start, end) && cell.Marks.Contains(from)))
            Assert.True(cell.Marks.Add(to) || from == to, "a cell was shared twice");
    }

    public void Forget(int sequence, int start, int end)
    {
        foreach (var cell in _cells.Where(cell => In(cell, start, end)))
            cell.Marks.Remove(sequence);
        _cells.RemoveAll(cell => cell.Marks.Count == 0);
    }

    /// <summary>The tokens that a sequence sees, in the order of their positions, with none missing and none twice.</summary>
    public int[] Of(int sequence)
    {
        var own = _cells.Where(cell => cell.Marks.Contains(sequence)).OrderBy(cell => cell.Position).ToArray();
        Assert.Equal(Enumerable.Range(0, own.Length), own.Select(cell => cell.Position));
        return [.. own.Select(cell => cell.Token)];
    }

    private static bool In(Cell cell, int start, int end) => cell.Position >= start && (end < 0 || cell.Position < end);

    private sealed record Cell(int Position, int Token, HashSet<int> Marks);
}
