using System.Text;

namespace Hybrid.Engines.ChatTemplates;

/// <summary>Joins marked texts; what it takes is charged to the render's budget.</summary>
internal sealed class MarkedTextBuilder(RenderBudget budget)
{
    private readonly StringBuilder _text = new();
    private readonly List<(int Start, int End)> _content = [];

    public int Length => _text.Length;

    public MarkedTextBuilder Append(string text, bool isContent = false)
    {
        budget.ChargeText(text.Length, _text.Length);
        if (isContent)
            Mark(_text.Length, _text.Length + text.Length);
        _text.Append(text);
        return this;
    }

    public MarkedTextBuilder Append(char character, bool isContent)
    {
        if (isContent)
            Mark(_text.Length, _text.Length + 1);
        _text.Append(character);
        return this;
    }

    public MarkedTextBuilder Append(MarkedText text)
    {
        budget.ChargeText(text.Text.Length, _text.Length);
        foreach (var (start, end) in text.Content)
            Mark(_text.Length + start, _text.Length + end);
        _text.Append(text.Text);
        return this;
    }

    public MarkedText Build() => new(_text.ToString(), [.. _content]);

    private void Mark(int start, int end)
    {
        if (start == end)
            return;
        if (_content.Count > 0 && _content[^1].End == start)
            _content[^1] = (_content[^1].Start, end);
        else
            _content.Add((start, end));
    }
}
