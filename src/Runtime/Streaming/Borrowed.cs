using System.Buffers;

namespace Hybrid.Streaming;

/// <summary>A list in borrowed memory: what is added to an answer for each token allocates nothing.</summary>
internal sealed class Borrowed<T> : IDisposable
    where T : unmanaged
{
    private const int First = 1024;
    private T[] _items = ArrayPool<T>.Shared.Rent(First);

    public int Length { get; private set; }

    public ReadOnlySpan<T> Span => _items.AsSpan(0, Length);

    /// <summary>Makes room at the end, and gives it to be filled.</summary>
    public Span<T> Add(int count)
    {
        if (Length + count > _items.Length)
        {
            var larger = ArrayPool<T>.Shared.Rent(Math.Max(Length + count, _items.Length * 2));
            Span.CopyTo(larger);
            ArrayPool<T>.Shared.Return(_items, clearArray: true); // nobody else is to find an answer there
            _items = larger;
        }

        Length += count;
        return _items.AsSpan(Length - count, count);
    }

    public void Dispose()
    {
        ArrayPool<T>.Shared.Return(_items, clearArray: true);
        (_items, Length) = ([], 0);
    }
}
