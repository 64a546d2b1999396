using System.Text.Json;

namespace Hybrid.Models.Catalogue;

/// <summary>One JSON object of a catalogue, read key by key; collects what is wrong with its path.</summary>
internal sealed class CatalogueEntry
{
    private readonly JsonElement _json;
    private readonly string _path;
    private readonly ICollection<string> _errors;
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    public CatalogueEntry(JsonElement json, string path, ICollection<string> errors)
    {
        (_json, _path, _errors) = (json, path, errors);
        if (!IsObject) errors.Add($"{(path.Length == 0 ? "the file" : path)}: an object is expected, not {Kind(json)}");
    }

    public bool IsObject => _json.ValueKind == JsonValueKind.Object;

    public int ErrorCount => _errors.Count;

    public string? Text(string key)
    {
        if (Find(key) is not { } value) return null;
        if (value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text) return text;
        Error(key, $"a text is expected, not {Kind(value)}");
        return null;
    }

    public double? Number(string key, double above, double most)
    {
        if (Find(key) is not { } value) return null;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out var number)) Error(key, $"a number is expected, not {Kind(value)}");
        else if (number > above && number <= most) return number;
        else Error(key, $"{value.GetRawText()} is out of range; use a number above {above}, at most {most}");
        return null;
    }

    public int? Count(string key)
    {
        if (Find(key) is not { } value) return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var count) && count > 0) return count;
        Error(key, $"a whole number above 0 is expected, not {value.GetRawText()}");
        return null;
    }

    public bool? Flag(string key)
    {
        if (Find(key) is not { } value) return null;
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False) return value.GetBoolean();
        Error(key, $"true or false is expected, not {Kind(value)}");
        return null;
    }

    public IReadOnlyList<string> Texts(string key) => [.. Items(key).Select(item =>
    {
        if (item.Value.ValueKind == JsonValueKind.String && item.Value.GetString() is { Length: > 0 } text) return text;
        _errors.Add($"{item.Path}: a text is expected, not {Kind(item.Value)}");
        return null;
    }).OfType<string>()];

    public IReadOnlyList<CatalogueEntry> Entries(string key)
    {
        if (Find(key) is null) Error(key, "it is missing; give a list");
        return [.. Items(key).Select(item => new CatalogueEntry(item.Value, item.Path, _errors)).Where(entry => entry.IsObject)];
    }

    public void Error(string key, string message) => _errors.Add($"{At(key)}: {message}");

    public void RefuseUnknown()
    {
        foreach (var property in _json.EnumerateObject().Where(property => !_known.Contains(property.Name)))
            Error(property.Name, $"there is no such key; there are {string.Join(", ", _known.Order(StringComparer.Ordinal))}");
    }

    private IEnumerable<(JsonElement Value, string Path)> Items(string key)
    {
        if (Find(key) is not { } value) yield break;
        if (value.ValueKind != JsonValueKind.Array)
        {
            Error(key, $"a list is expected, not {Kind(value)}");
            yield break;
        }

        for (var i = 0; i < value.GetArrayLength(); i++) yield return (value[i], $"{At(key)}:{i}");
    }

    private JsonElement? Find(string key)
    {
        _known.Add(key);
        return IsObject && _json.TryGetProperty(key, out var value) ? value : null;
    }

    private string At(string key) => _path.Length == 0 ? key : $"{_path}:{key}";

    private static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => $"the text '{value.GetString()}'",
        _ => value.GetRawText(),
    };
}
