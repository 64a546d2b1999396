using System.Text.Json;

namespace Hybrid.OpenAi;

/// <summary>Reads the fields of a request one by one, with their ranges, and refuses what was not read.</summary>
/// <remarks>A field that is null counts as absent, as in the OpenAI API.</remarks>
internal sealed class RequestFields
{
    private readonly Dictionary<string, JsonElement> _left = new(StringComparer.Ordinal);

    public RequestFields(JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object)
            throw new OpenAiException(400, "The body must be a JSON object.", code: "invalid_json");
        foreach (var field in body.EnumerateObject())
            _left[field.Name] = field.Value;
    }

    /// <summary>Reads a body to its end.</summary>
    public static async Task<RequestFields> ReadAsync(Stream body, CancellationToken cancellationToken)
    {
        using var document = await JsonDocument.ParseAsync(body, default, cancellationToken);
        return new RequestFields(document.RootElement.Clone());
    }

    /// <summary>Reads a body that is there.</summary>
    public static RequestFields Read(ReadOnlyMemory<byte> body)
    {
        using var document = JsonDocument.Parse(body);
        return new RequestFields(document.RootElement.Clone());
    }

    /// <summary>Takes a field of any kind; null when it is absent.</summary>
    public JsonElement? Take(string name) =>
        _left.Remove(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public string? Text(string name) => Take(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } value => value.GetString(),
        _ => throw OpenAiException.Invalid(name, $"'{name}' must be a string."),
    };

    public bool? Flag(string name) => Take(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        _ => throw OpenAiException.Invalid(name, $"'{name}' must be true or false."),
    };

    public float? Number(string name, double least, double most)
    {
        if (Take(name) is not { } value)
            return null;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out var number) || !(number >= least && number <= most))
            throw OpenAiException.Invalid(name, $"'{name}' must be a number from {least} to {most}.");
        return (float)number;
    }

    public long? Whole(string name, long least, long most)
    {
        if (Take(name) is not { } value)
            return null;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt64(out var number) || number < least || number > most)
            throw OpenAiException.Invalid(name, $"'{name}' must be a whole number from {least} to {most}.");
        return number;
    }

    /// <summary>Accepts fields that change nothing here.</summary>
    public void Ignore(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            _left.Remove(name);
    }

    /// <summary>Accepts a field only with a value that asks for nothing.</summary>
    public void Only(string name, Func<JsonElement, bool> neutral)
    {
        if (Take(name) is { } value && !neutral(value))
            throw OpenAiException.Unsupported(name, $"This server does not support '{name}' with the value given; leave it out.");
    }

    /// <summary>Refuses the first field that nothing has read: ignoring it would answer another question than was asked.</summary>
    public void RefuseRest()
    {
        foreach (var name in _left.Where(field => field.Value.ValueKind != JsonValueKind.Null).Select(field => field.Key).Order(StringComparer.Ordinal))
            throw OpenAiException.Unsupported(name, $"This server does not support the parameter '{name}'; leave it out.");
    }
}
