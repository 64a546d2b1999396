using System.Buffers;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.OpenAi;

/// <summary>Makes updates of an answer's chunks, and refuses what cannot be one answer from its beginning to its end.</summary>
/// <param name="request">What was asked.</param>
/// <param name="echo">Takes away what the pool says again.</param>
internal sealed class AnswerReader(DecodeRequest request, EchoFilter echo)
{
    private static readonly SearchValues<char> Halves = SearchValues.Create([.. Enumerable.Range(0xD800, 0x800).Select(code => (char)code)]);
    private readonly ToolCallPieces _calls = new();
    private string _half = "";
    private string? _finish;
    private TokenUsage? _usage;
    private int _tokens;
    private bool _hasBegun;
    private bool _wentOn;

    /// <summary>What was asked.</summary>
    public DecodeRequest Request => request;

    /// <summary>The update that a chunk makes; null where it makes none.</summary>
    /// <exception cref="PoolFault">It does not belong there.</exception>
    public DecodeUpdate? Take(in StreamChunk chunk)
    {
        _usage = chunk.Usage ?? _usage;
        if (!chunk.HasChoice)
            return null;
        var says = chunk.Text.Length > 0 || chunk.Calls is not null || chunk.Thinks;
        if (chunk.HasRole && chunk.Finish is null && _hasBegun && _wentOn)
            throw new PoolFault("it began its answer a second time");
        _wentOn |= !chunk.HasRole && chunk.Finish is null;
        _hasBegun |= chunk.HasRole;
        if (_finish is not null && says)
            throw new PoolFault("it went on after the end of its answer");
        _finish = chunk.Finish is { Length: > 0 } finish ? finish : _finish;
        return says ? Said(chunk) : null;
    }

    /// <summary>The calls and the completion.</summary>
    /// <exception cref="PoolFault">It was not the end.</exception>
    public IReadOnlyList<DecodeUpdate> End()
    {
        if (_finish is null)
            throw new PoolFault("the stream ended without a finish reason");
        if (_half.Length > 0)
            throw new PoolFault("it ended with half of a character");
        var finish = Finish(_finish);
        var updates = new List<DecodeUpdate>();
        foreach (var call in _calls.Whole())
            updates.Add(new("", 0) { ToolCall = call });
        // A server that counts nothing where something came does not count.
        var output = _usage is { } usage && (usage.Output > 0 || _tokens == 0) ? usage.Output : _tokens;
        var unseen = request.LogProbabilities is null ? Math.Max(0, output - _tokens) : 0;
        updates.Add(new(echo.Rest(), unseen, new()
        {
            Finish = finish,
            PromptTokens = _usage?.Prompt ?? 0,
            CachedTokens = _usage?.Cached ?? 0,
            OutputTokens = output,
        }));
        return updates;
    }

    private DecodeUpdate Said(in StreamChunk chunk)
    {
        if (chunk.Calls is { } pieces)
        {
            foreach (var piece in pieces)
                _calls.Add(piece);
        }

        var scores = request.LogProbabilities is null || chunk.Scores is { Count: 0 } ? null : chunk.Scores;
        var count = scores?.Count ?? 1;
        _tokens += count;
        if (request.MaxTokens is { } most && _tokens > (long)most * 16 + 1024) // pieces may be smaller than tokens, though not by far
            throw new PoolFault($"it went on and on after the {most} tokens that were asked for");
        return new(echo.Pass(Whole(chunk.Text)), count) { Scores = scores };
    }

    /// <summary>The text as far as its characters are whole; a server that counts in UTF-16 may cut one into two chunks.</summary>
    private string Whole(string text)
    {
        if (_half.Length == 0 && !text.AsSpan().ContainsAny(Halves))
            return text;
        if (text.Length == 0)
            return "";
        text = _half + text;
        _half = char.IsHighSurrogate(text[^1]) ? text[^1..] : "";
        text = text[..^_half.Length];
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (!char.IsHighSurrogate(text[i]) || i + 1 == text.Length || !char.IsLowSurrogate(text[i + 1]))
                throw new PoolFault("it sent half of a character");
            i++;
        }

        return text;
    }

    private DecodeFinish Finish(string reason) => reason switch
    {
        "tool_calls" when !_calls.Any => throw new PoolFault("it ended with a call of a tool, and named none"),
        "stop" or "eos" or "eos_token" or "stop_sequence" or "tool_calls" => _calls.Any ? DecodeFinish.ToolCalls : DecodeFinish.Stop,
        "length" or "max_tokens" => _calls.Any ? throw new PoolFault(HybridError.InvalidRequest, "its call of a tool was cut off by the limit of tokens; ask for more") : DecodeFinish.Length,
        "content_filter" => throw new PoolFault(HybridError.InvalidRequest, "its content filter ended the answer"),
        _ => throw new PoolFault("it ended with a finish reason that is not known"),
    };
}
