using System.Collections;
using System.Runtime.CompilerServices;

namespace Hybrid.Targets;

/// <summary>Token ids in their order. One alone, as nearly every update has, takes no memory of its own.</summary>
/// <remarks>Immutable; equal where the ids are.</remarks>
[CollectionBuilder(typeof(TokenIds), nameof(Create))]
public readonly struct TokenIds : IReadOnlyList<int>, IEquatable<TokenIds>
{
    private readonly int[]? _several;
    private readonly int _single;

    private TokenIds(int single) => (_single, Count) = (single, 1);

    private TokenIds(int[] several) => (_several, Count) = (several, several.Length);

    /// <inheritdoc />
    public int Count { get; }

    /// <inheritdoc />
    public int this[int index] =>
        (uint)index >= (uint)Count ? throw new ArgumentOutOfRangeException(nameof(index)) : _several is null ? _single : _several[index];

    /// <summary>Whether the ids are the same.</summary>
    public static bool operator ==(TokenIds left, TokenIds right) => left.Equals(right);

    /// <summary>Whether the ids differ.</summary>
    public static bool operator !=(TokenIds left, TokenIds right) => !left.Equals(right);

    /// <summary>Holds a copy of the ids.</summary>
    public static TokenIds Create(ReadOnlySpan<int> ids) => ids.Length switch { 0 => default, 1 => new(ids[0]), _ => new(ids.ToArray()) };

    /// <summary>Copies the ids to the beginning of a span with room for <see cref="Count"/>.</summary>
    public void CopyTo(Span<int> destination)
    {
        if (_several is not null)
            _several.CopyTo(destination);
        else if (Count > 0)
            destination[0] = _single;
    }

    /// <inheritdoc />
    public bool Equals(TokenIds other) => Count == other.Count && _single == other._single && _several.AsSpan().SequenceEqual(other._several);

    /// <inheritdoc />
    public override bool Equals(object? obj) => obj is TokenIds other && Equals(other);

    /// <inheritdoc />
    public override int GetHashCode() => Count == 0 ? 0 : HashCode.Combine(Count, this[0], this[Count - 1]);

    /// <summary>Goes through the ids and allocates nothing.</summary>
    public Enumerator GetEnumerator() => new(this);

    IEnumerator<int> IEnumerable<int>.GetEnumerator() => GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>A place among the ids.</summary>
    public struct Enumerator : IEnumerator<int>
    {
        private readonly TokenIds _ids;
        private int _at;

        internal Enumerator(TokenIds ids) => (_ids, _at) = (ids, -1);

        /// <inheritdoc />
        public readonly int Current => _ids[_at];

        readonly object IEnumerator.Current => Current;

        /// <inheritdoc />
        public bool MoveNext() => ++_at < _ids.Count;

        /// <inheritdoc />
        public void Reset() => _at = -1;

        /// <inheritdoc />
        public readonly void Dispose()
        {
        }
    }
}
