using System.Text;
using System.Text.Json;
using Hybrid.Targets;

namespace Hybrid.Engines.ToolCalls;

/// <summary>Parts an answer, as it arrives, into plain text and calls.</summary>
/// <remarks>
/// Text before a call leaves at once, but for what may be the beginning of a marker. A call leaves when it is complete; what
/// begins like one and turns out to be none leaves as the text it is, so that nothing is lost.
/// </remarks>
internal sealed class ToolCallReader
{
    private readonly ToolCallFormat _format;
    private readonly IReadOnlyList<ToolDefinition> _tools;
    private readonly Func<int, string, string, string> _id;
    private readonly StringBuilder _text = new();
    private List<AnswerPart> _parts = [];
    private string _held = "";
    private State _state;
    private JsonScan _scan;
    private int _bodyStart;
    private int _scanned;
    private bool _isBare;
    private int _count;
    private int _takenBytes;

    /// <param name="format">How this model writes calls.</param>
    /// <param name="tools">What it was shown.</param>
    /// <param name="id">Names a call by its number in the answer, its function and its arguments.</param>
    /// <param name="fresh">Whether the answer begins here; where it goes on from delivered text, only a marker opens a call.</param>
    public ToolCallReader(ToolCallFormat format, IReadOnlyList<ToolDefinition> tools, Func<int, string, string, string> id, bool fresh = true)
    {
        (_format, _tools, _id) = (format, tools, id);
        _state = fresh && format.IsBare ? State.Start : State.Text;
    }

    private enum State
    {
        /// <summary>Nothing but white space so far, and a bare object would be a call.</summary>
        Start,

        /// <summary>Plain text.</summary>
        Text,

        /// <summary>After a call: white space and separators are dropped where another call follows.</summary>
        Between,

        /// <summary>Behind an opening, before the JSON.</summary>
        Opened,

        /// <summary>In the JSON.</summary>
        Body,

        /// <summary>Behind the JSON, before the closing marker.</summary>
        Closing,
    }

    /// <summary>Whether any call was given.</summary>
    public bool HasCalls { get; private set; }

    /// <summary>Bytes of what came that are in no text, in UTF-8: what is held, and all that calls took out of it.</summary>
    public int PendingBytes => _takenBytes + (_held.Length == 0 ? 0 : Encoding.UTF8.GetByteCount(_held));

    /// <summary>Takes new text; gives the plain text that it makes certain, and the calls that it completes.</summary>
    public IReadOnlyList<AnswerPart> Append(string text)
    {
        _held += text;
        while (Step())
        {
        }

        return Take();
    }

    /// <summary>The answer has ended: what is still held is a whole call, or text.</summary>
    public IReadOnlyList<AnswerPart> Flush()
    {
        // The closing marker may be missing: some models end their turn instead.
        if (_state == State.Closing)
            Complete(_held.Length);
        if (_state != State.Between || !string.IsNullOrWhiteSpace(_held))
            _text.Append(_held);
        _held = "";
        return Take();
    }

    /// <summary>Goes on by one state; false where more text is needed.</summary>
    private bool Step() => _state switch
    {
        State.Start or State.Between => AtStart(),
        State.Text => InText(),
        State.Opened => AtBody(),
        State.Body => InBody(),
        _ => AtClosing(),
    };

    private bool AtStart()
    {
        var at = 0;
        while (at < _held.Length && (char.IsWhiteSpace(_held[at]) || (_state == State.Between && _format.IsBare && _held[at] == ';')))
            at++;
        if (at == _held.Length)
            return false;
        if (_format.IsBare && _held[at] == '{')
            return Open(at, isBare: true);
        if (_held.AsSpan(at).StartsWith(_format.Opening, StringComparison.Ordinal))
            return Open(at + _format.Opening.Length, isBare: false);
        if (_format.Opening.StartsWith(_held[at..], StringComparison.Ordinal))
            return false;
        _state = State.Text;
        return true;
    }

    private bool InText()
    {
        var at = _held.IndexOf(_format.Opening, StringComparison.Ordinal);
        if (at >= 0)
        {
            _text.Append(_held, 0, at);
            _held = _held[at..];
            return Open(_format.Opening.Length, isBare: false);
        }

        var certain = _held.Length;
        for (var kept = Math.Min(_held.Length, _format.Opening.Length - 1); kept > 0; kept--)
        {
            if (!_held.EndsWith(_format.Opening[..kept], StringComparison.Ordinal))
                continue;
            certain -= kept;
            break;
        }

        _text.Append(_held, 0, certain);
        _held = _held[certain..];
        return false;
    }

    private bool Open(int bodyStart, bool isBare)
    {
        (_state, _bodyStart, _isBare) = (State.Opened, bodyStart, isBare);
        return true;
    }

    private bool AtBody()
    {
        while (_bodyStart < _held.Length && char.IsWhiteSpace(_held[_bodyStart]))
            _bodyStart++;
        if (_bodyStart == _held.Length)
            return false;
        if (_held[_bodyStart] != (_format.IsList ? '[' : '{'))
            return GiveUp();
        (_state, _scan, _scanned) = (State.Body, default, _bodyStart);
        return true;
    }

    private bool InBody()
    {
        if (_isBare && !MayBeCall(_held.AsSpan(_bodyStart + 1).TrimStart()))
            return GiveUp();
        _scanned += _scan.Take(_held.AsSpan(_scanned));
        if (!_scan.Ended)
            return false;
        _state = State.Closing;
        return true;
    }

    /// <summary>Whether the beginning of an object without a marker is that of a call; another object is an answer that need not wait.</summary>
    private static bool MayBeCall(ReadOnlySpan<char> members) => Begins(members, "\"name\"") || Begins(members, "\"type\"");

    private static bool Begins(ReadOnlySpan<char> text, string wanted) =>
        text.StartsWith(wanted, StringComparison.Ordinal) || wanted.AsSpan().StartsWith(text, StringComparison.Ordinal);

    private bool AtClosing()
    {
        if (_format.Closing.Length == 0)
            return Complete(_scanned);
        var at = _scanned;
        while (at < _held.Length && char.IsWhiteSpace(_held[at]))
            at++;
        var rest = _held[at..];
        if (rest.StartsWith(_format.Closing, StringComparison.Ordinal))
            return Complete(at + _format.Closing.Length);
        return !_format.Closing.StartsWith(rest, StringComparison.Ordinal) && GiveUp();
    }

    /// <summary>Gives the calls and drops their markup up to the end; gives the text where it holds none.</summary>
    private bool Complete(int end)
    {
        if (Read(_held[_bodyStart.._scanned]) is not { Count: > 0 } calls)
            return GiveUp();
        foreach (var (name, arguments) in calls)
        {
            _parts.Add(new(_text.ToString(), new(_id(_count++, name, arguments), name, arguments)));
            _text.Clear();
        }

        HasCalls = true;
        _takenBytes += Encoding.UTF8.GetByteCount(_held.AsSpan(0, end));
        _held = _held[end..];
        _state = State.Between;
        return true;
    }

    /// <summary>What looked like a call is text, up to where another may begin.</summary>
    private bool GiveUp()
    {
        var length = Math.Max(1, _bodyStart);
        _text.Append(_held, 0, length);
        _held = _held[length..];
        _state = State.Text;
        return true;
    }

    private List<AnswerPart> Take()
    {
        if (_text.Length > 0)
            _parts.Add(new(_text.ToString()));
        _text.Clear();
        var taken = _parts;
        _parts = [];
        return taken;
    }

    private List<(string Name, string Arguments)>? Read(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var calls = new List<(string Name, string Arguments)>();
            foreach (var item in _format.IsList ? document.RootElement.EnumerateArray().ToArray() : [document.RootElement])
            {
                if (Read(item) is not { } call)
                    return null;
                calls.Add(call);
            }

            return calls;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private (string Name, string Arguments)? Read(JsonElement item)
    {
        if (item.ValueKind != JsonValueKind.Object || !item.TryGetProperty("name", out var named) || named.ValueKind != JsonValueKind.String)
            return null;
        var name = named.GetString()!;

        // Without a marker, only a name that the model was shown tells a call from an answer that is JSON.
        if (name.Length == 0 || (_isBare && !_tools.Any(tool => tool.Name == name)))
            return null;
        if (!item.TryGetProperty(_format.ArgumentsKey, out var arguments) && !item.TryGetProperty("arguments", out arguments) && !item.TryGetProperty("parameters", out arguments))
            return _isBare ? null : (name, "{}");
        return arguments.ValueKind == JsonValueKind.String ? Quoted(name, arguments.GetString()!)
            : arguments.ValueKind == JsonValueKind.Object ? (name, arguments.GetRawText())
            : null;
    }

    private static (string Name, string Arguments)? Quoted(string name, string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.ValueKind == JsonValueKind.Object ? (name, json) : null;
    }
}
