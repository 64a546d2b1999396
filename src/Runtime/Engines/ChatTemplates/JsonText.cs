using System.Text.Json;

namespace Hybrid.Engines.ChatTemplates;

/// <summary>Values of a JSON text; for the filter <c>from_json</c>, texts in it are content where any of it was.</summary>
internal static class JsonText
{
    public static object? Read(MarkedText text, RenderBudget budget)
    {
        try
        {
            using var document = JsonDocument.Parse(text.Text);
            return Value(document.RootElement, text.HasContent, budget);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException) // the latter: half of a surrogate pair
        {
            throw budget.Error("'from_json' got a text that is not JSON");
        }
    }

    public static object? Value(JsonElement element, bool isContent, RenderBudget budget)
    {
        budget.Enter();
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                return new MarkedText(element.GetString()!, isContent);
            case JsonValueKind.Number:
                return element.TryGetInt64(out var whole) ? (object)whole : element.GetDouble();
            case JsonValueKind.True or JsonValueKind.False:
                return element.GetBoolean();
            case JsonValueKind.Array:
                return element.EnumerateArray().Select(item => Value(item, isContent, budget)).ToList();
            case JsonValueKind.Object:
                var map = new TemplateMap();
                foreach (var property in element.EnumerateObject())
                    map[new MarkedText(property.Name, isContent)] = Value(property.Value, isContent, budget);
                return map;
            default:
                return null;
        }
    }
}
