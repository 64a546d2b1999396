namespace Hybrid.Engines.ToolCalls;

/// <summary>Finds where a JSON object or array ends, in text that arrives in pieces. It checks brackets and quotes alone.</summary>
internal struct JsonScan
{
    private int _depth;
    private bool _inText;
    private bool _escaped;

    /// <summary>Whether the object or array is complete.</summary>
    public bool Ended { get; private set; }

    /// <summary>Goes on through the text; how much of it belongs to the value.</summary>
    public int Take(ReadOnlySpan<char> text)
    {
        var at = 0;
        while (at < text.Length && !Ended)
            Take(text[at++]);
        return at;
    }

    private void Take(char character)
    {
        if (_inText)
        {
            (_inText, _escaped) = (_escaped || character != '"', !_escaped && character == '\\');
            return;
        }

        switch (character)
        {
            case '"':
                _inText = true;
                break;
            case '{' or '[':
                _depth++;
                break;
            case '}' or ']':
                Ended = --_depth <= 0;
                break;
        }
    }
}
