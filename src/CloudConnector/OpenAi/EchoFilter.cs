namespace Hybrid.CloudConnector.OpenAi;

/// <summary>Takes away the text that a pool says again before it goes on from it; only where the pool is known to do so.</summary>
internal sealed class EchoFilter(string said)
{
    private int _heard;
    private bool _over = said.Length == 0;

    /// <summary>What is new of a text. Where the pool says something else than what was said before, all of it is.</summary>
    public string Pass(string text)
    {
        if (_over)
            return text;
        var length = Math.Min(text.Length, said.Length - _heard);
        _over = string.CompareOrdinal(text, 0, said, _heard, length) != 0;
        if (_over)
            return said[.._heard] + text;
        _heard += length;
        _over = _heard == said.Length;
        return text[length..];
    }

    /// <summary>What was held back when the answer ends.</summary>
    public string Rest() => _over ? "" : said[.._heard];
}
