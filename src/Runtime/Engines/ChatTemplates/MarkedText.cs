namespace Hybrid.Engines.ChatTemplates;

/// <summary>A text that knows which of its characters came from a message. Equal where the characters are.</summary>
internal sealed class MarkedText : IEquatable<MarkedText>
{
    private static readonly (int Start, int End)[] NoContent = [];
    private readonly (int Start, int End)[] _content;

    /// <summary>A text that is template or content as a whole.</summary>
    public MarkedText(string text, bool isContent = false)
        : this(text, isContent && text.Length > 0 ? [(0, text.Length)] : NoContent)
    {
    }

    /// <summary>A text with content ranges in order, apart from one another.</summary>
    public MarkedText(string text, (int Start, int End)[] content) => (Text, _content) = (text, content);

    public static MarkedText Empty { get; } = new("");

    public string Text { get; }

    public bool HasContent => _content.Length > 0;

    public ReadOnlySpan<(int Start, int End)> Content => _content;

    public MarkedText Slice(int start, int length)
    {
        if (length == Text.Length)
            return this;
        if (length <= 0)
            return Empty;
        var text = Text.Substring(start, length);
        var first = FirstContentAfter(start);
        var last = first;
        while (last < _content.Length && _content[last].Start < start + length)
            last++;
        if (first == last)
            return new(text, NoContent);
        var content = new (int Start, int End)[last - first];
        for (var i = 0; i < content.Length; i++)
        {
            var (from, to) = _content[first + i];
            content[i] = (Math.Max(from - start, 0), Math.Min(to - start, length));
        }

        return new(text, content);
    }

    /// <summary>This text and another after it, copied once: templates join a whole message several times.</summary>
    public MarkedText Join(MarkedText next, RenderBudget budget)
    {
        budget.ChargeText(Text.Length);
        budget.ChargeText(next.Text.Length, Text.Length);
        var text = string.Concat(Text, next.Text);
        if (next._content.Length == 0)
            return new(text, _content);
        var content = new List<(int Start, int End)>(_content.Length + next._content.Length);
        content.AddRange(_content);
        foreach (var (start, end) in next._content)
        {
            if (start == 0 && content.Count > 0 && content[^1].End == Text.Length)
                content[^1] = (content[^1].Start, Text.Length + end);
            else
                content.Add((Text.Length + start, Text.Length + end));
        }

        return new(text, [.. content]);
    }

    /// <summary>The same marks over another text of the same length.</summary>
    public MarkedText With(string text) => text.Length == Text.Length ? new(text, _content) : new(text, HasContent);

    public MarkedText Trim(string? characters, bool start, bool end)
    {
        var (from, to) = (0, Text.Length);
        while (start && from < to && Strips(Text[from]))
            from++;
        while (end && to > from && Strips(Text[to - 1]))
            to--;
        return Slice(from, to - from);

        bool Strips(char character) => characters?.Contains(character) ?? IsSpace(character);
    }

    /// <summary>The pieces between separators; at white space, without empty ones, where the separator is null.</summary>
    public List<object?> Split(string? separator, long most)
    {
        var pieces = new List<object?>();
        var from = 0;
        if (separator is null)
        {
            while (true)
            {
                while (from < Text.Length && IsSpace(Text[from]))
                    from++;
                if (from == Text.Length)
                    return pieces;
                var to = from;
                while (to < Text.Length && !IsSpace(Text[to]))
                    to++;
                if (most >= 0 && pieces.Count == most)
                    to = Text.Length;
                pieces.Add(Slice(from, to - from));
                from = to;
            }
        }

        for (int at; (most < 0 || pieces.Count < most) && (at = Text.IndexOf(separator, from, StringComparison.Ordinal)) >= 0; from = at + separator.Length)
            pieces.Add(Slice(from, at - from));
        pieces.Add(Slice(from, Text.Length - from));
        return pieces;
    }

    /// <summary>The characters as texts of one code point each.</summary>
    public List<object?> Characters()
    {
        var characters = new List<object?>(Text.Length);
        for (var i = 0; i < Text.Length;)
        {
            var length = IsPair(i) ? 2 : 1;
            characters.Add(Text.Length == 1 ? this : Slice(i, length));
            i += length;
        }

        return characters;
    }

    /// <summary>Where each code point begins; null where each is one UTF-16 unit.</summary>
    public int[]? CodePoints()
    {
        if (!Text.Any(char.IsHighSurrogate))
            return null;
        var starts = new List<int>(Text.Length);
        for (var i = 0; i < Text.Length; i += IsPair(i) ? 2 : 1)
            starts.Add(i);
        return [.. starts];
    }

    public bool Equals(MarkedText? other) => other is not null && Text == other.Text;

    public override bool Equals(object? obj) => Equals(obj as MarkedText);

    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => Text;

    /// <summary>White space as Python's <c>str.strip</c> sees it.</summary>
    public static bool IsSpace(char character) => char.IsWhiteSpace(character) || character is >= '\x1c' and <= '\x1f';

    private bool IsPair(int at) => char.IsHighSurrogate(Text[at]) && at + 1 < Text.Length && char.IsLowSurrogate(Text[at + 1]);

    private int FirstContentAfter(int position)
    {
        var (low, high) = (0, _content.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_content[middle].End <= position)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }
}
