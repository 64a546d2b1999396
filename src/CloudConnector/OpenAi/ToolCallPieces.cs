using System.Text;
using System.Text.Json;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.OpenAi;

/// <summary>Puts calls together from the pieces they come in.</summary>
internal sealed class ToolCallPieces
{
    private const int MostCalls = 128;
    private const int LongestCalls = 1 << 20;
    private readonly List<(string? Id, string? Name, StringBuilder Arguments)> _calls = [];
    private int _length;

    public bool Any => _calls.Count > 0;

    public void Add(ToolPiece piece)
    {
        if (piece.Index < 0 || piece.Index > _calls.Count || piece.Index >= MostCalls)
            throw new PoolFault($"it sent a piece of call {piece.Index} when {_calls.Count} had begun");
        if (piece.Index == _calls.Count)
            _calls.Add((null, null, new()));
        var (id, name, arguments) = _calls[piece.Index];
        _length += piece.Arguments.Length + (piece.Name?.Length ?? 0);
        if (_length > LongestCalls)
            throw new PoolFault($"its calls have more than {LongestCalls} characters");
        arguments.Append(piece.Arguments);
        _calls[piece.Index] = (id ?? Given(piece.Id), name ?? Given(piece.Name), arguments);
    }

    /// <summary>The calls, whole.</summary>
    /// <exception cref="PoolFault">One has no name, or arguments that are no JSON object.</exception>
    public IEnumerable<ToolCall> Whole()
    {
        foreach (var (id, name, arguments) in _calls)
        {
            if (name is null)
                throw new PoolFault("it called a tool without a name");
            var text = arguments.Length == 0 ? "{}" : arguments.ToString();
            if (!IsObject(text))
                throw new PoolFault("it called a tool with arguments that are no JSON object");
            yield return new(id ?? "call_" + Guid.NewGuid().ToString("N"), name, text);
        }
    }

    private static string? Given(string? word) => string.IsNullOrEmpty(word) ? null : word;

    private static bool IsObject(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            return false;
        }
    }
}
