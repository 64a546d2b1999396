using System.Text.Encodings.Web;
using System.Text.Json;
using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.Chat;

/// <summary>Calls and results between chat contents and text.</summary>
internal static class ToolJson
{
    // Compact and with text as it is: a model reads it.
    private static readonly JsonSerializerOptions Options = new(AIJsonUtilities.DefaultOptions) { WriteIndented = false, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static ToolCall Call(FunctionCallContent content) => new(content.CallId, content.Name, Text(content.Arguments ?? new Dictionary<string, object?>(), typeof(IDictionary<string, object?>)));

    public static FunctionCallContent Content(ToolCall call) =>
        FunctionCallContent.CreateFromParsedArguments(call.Arguments, call.Id, call.Name, Arguments);

    /// <summary>A text as it is, anything else as JSON.</summary>
    public static string Result(FunctionResultContent content) => content.Result switch
    {
        null => content.Exception?.Message ?? "null",
        string text => text,
        JsonElement { ValueKind: JsonValueKind.String } text => text.GetString()!,
        JsonElement json => json.GetRawText(),
        var value => Text(value, value.GetType()),
    };

    private static string Text(object value, Type type)
    {
        try
        {
            return JsonSerializer.Serialize(value, Options.GetTypeInfo(type));
        }
        catch (Exception exception) when (exception is NotSupportedException or JsonException)
        {
            throw new HybridException(HybridError.InvalidRequest, $"A value of type {type.Name} in a tool call or its result cannot be written as JSON; give it as a string or a JsonElement. Nothing was sent.", exception);
        }
    }

    private static Dictionary<string, object?> Arguments(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.EnumerateObject().ToDictionary(property => property.Name, property => (object?)property.Value.Clone(), StringComparer.Ordinal);
    }
}
