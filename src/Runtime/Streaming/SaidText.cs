using System.Buffers;

namespace Hybrid.Streaming;

/// <summary>The text of an answer so far, in borrowed memory: a token is added without allocating.</summary>
internal sealed class SaidText : IDisposable
{
    private char[] _chars = ArrayPool<char>.Shared.Rent(1024);

    public SaidText(string start) => Append(start);

    public int Length { get; private set; }

    public ReadOnlySpan<char> Span => _chars.AsSpan(0, Length);

    public void Append(string text)
    {
        if (Length + text.Length > _chars.Length)
        {
            var larger = ArrayPool<char>.Shared.Rent(Math.Max(Length + text.Length, _chars.Length * 2));
            Span.CopyTo(larger);
            ArrayPool<char>.Shared.Return(_chars, clearArray: true); // nobody else is to find an answer there
            _chars = larger;
        }

        text.CopyTo(_chars.AsSpan(Length));
        Length += text.Length;
    }

    public void Dispose()
    {
        ArrayPool<char>.Shared.Return(_chars, clearArray: true);
        (_chars, Length) = ([], 0);
    }

    public override string ToString() => new(Span);
}
