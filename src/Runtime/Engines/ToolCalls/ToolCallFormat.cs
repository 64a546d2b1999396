using System.Text.Json;

namespace Hybrid.Engines.ToolCalls;

/// <summary>How a model writes a call.</summary>
/// <param name="Opening">The marker before the JSON.</param>
/// <param name="Closing">The marker after it; empty where there is none.</param>
/// <param name="ArgumentsKey">The key of the arguments beside <c>name</c>.</param>
/// <param name="IsList">Whether the JSON is an array of calls.</param>
/// <param name="IsBare">Whether an answer that is nothing but such an object is a call, without any marker.</param>
internal sealed record ToolCallFormat(string Opening, string Closing, string ArgumentsKey, bool IsList = false, bool IsBare = false)
{
    /// <summary>Hermes, Qwen and those that follow them.</summary>
    public static ToolCallFormat Tagged { get; } = new("<tool_call>", "</tool_call>", "arguments");

    /// <summary>Mistral's, up to Nemo.</summary>
    public static ToolCallFormat MistralList { get; } = new("[TOOL_CALLS]", "", "arguments", IsList: true);

    /// <summary>Llama 3.x.</summary>
    public static ToolCallFormat LlamaObject { get; } = new("<|python_tag|>", "", "parameters", IsBare: true);

    /// <summary>The form of a call in a chat that the model's template rendered; null where it is none of those known.</summary>
    /// <param name="rendered">A chat in which the assistant called a function with at least one argument.</param>
    /// <param name="name">The function.</param>
    public static ToolCallFormat? Detect(string rendered, string name)
    {
        foreach (var format in new[] { Tagged, MistralList })
        {
            var open = rendered.IndexOf(format.Opening, StringComparison.Ordinal);
            for (; open >= 0; open = rendered.IndexOf(format.Opening, open + 1, StringComparison.Ordinal))
            {
                if (IsCall(rendered.AsSpan(open + format.Opening.Length).TrimStart(), format, name))
                    return format;
            }
        }

        for (var open = rendered.IndexOf('{', StringComparison.Ordinal); open >= 0; open = rendered.IndexOf('{', open + 1))
        {
            if (IsCall(rendered.AsSpan(open), LlamaObject, name))
                return LlamaObject;
        }

        return null;
    }

    private static bool IsCall(ReadOnlySpan<char> text, ToolCallFormat format, string name)
    {
        var scan = new JsonScan();
        var length = scan.Take(text);
        if (!scan.Ended || !text[length..].TrimStart().StartsWith(format.Closing, StringComparison.Ordinal))
            return false;
        try
        {
            using var document = JsonDocument.Parse(text[..length].ToString());
            var call = document.RootElement;
            if (format.IsList)
                call = call.ValueKind == JsonValueKind.Array && call.GetArrayLength() > 0 ? call[0] : default;
            return call.ValueKind == JsonValueKind.Object
                && call.TryGetProperty("name", out var found) && found.ValueKind == JsonValueKind.String && found.ValueEquals(name)
                && call.TryGetProperty(format.ArgumentsKey, out var arguments) && arguments.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
