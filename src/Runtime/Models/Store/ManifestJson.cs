using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Hybrid.Models.Signing;

namespace Hybrid.Models.Store;

/// <summary>A manifest as JSON, and back.</summary>
internal static class ManifestJson
{
    /// <summary>Bytes of the largest that is read.</summary>
    public const int Largest = 8 << 20;

    private static readonly JsonWriterOptions Layout = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Write(ModelManifest manifest)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Layout))
        {
            json.WriteStartObject();
            json.WriteString("name", manifest.Name.ToString());
            json.WriteString("source", manifest.Source);
            Optional(json, "revision", manifest.Revision);
            Optional(json, "licence", manifest.Licence);
            json.WriteString("pulledAt", Text(manifest.PulledAt));
            json.WriteStartArray("files");
            foreach (var file in manifest.Files)
                Write(json, file);
            json.WriteEndArray();
            if (manifest.Signature is { } signature)
            {
                json.WriteStartObject("signature");
                json.WriteString("key", signature.Key);
                json.WriteString("algorithm", signature.Algorithm);
                json.WriteString("value", signature.Value);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    /// <exception cref="FormatException">It is no manifest, or one that breaks a rule; the message says which.</exception>
    public static ModelManifest Read(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes, new() { MaxDepth = 8 });
            var manifest = Read(document.RootElement);
            return ManifestRules.Problem(manifest) is { } problem ? throw new FormatException(problem) : manifest;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException or HybridException)
        {
            throw new FormatException(exception.Message, exception);
        }
    }

    private static ModelManifest Read(JsonElement json) => new()
    {
        Name = ModelName.Parse(Text(json, "name")),
        Source = Text(json, "source"),
        Revision = TextOrNull(json, "revision"),
        Licence = TextOrNull(json, "licence"),
        PulledAt = Time(Text(json, "pulledAt")),
        Files = [.. json.GetProperty("files").EnumerateArray().Select(ReadFile)],
        Signature = json.TryGetProperty("signature", out var signature) ? new ModelSignature(Text(signature, "key"), Text(signature, "algorithm"), Text(signature, "value")) : null,
    };

    private static ModelFile ReadFile(JsonElement json) => new(Text(json, "path"), json.GetProperty("size").GetInt64(), Text(json, "sha256"))
    {
        Outside = json.TryGetProperty("outside", out var outside) ? new(Text(outside, "path"), Time(Text(outside, "modified"))) : null,
    };

    private static void Write(Utf8JsonWriter json, ModelFile file)
    {
        json.WriteStartObject();
        json.WriteString("path", file.Path);
        json.WriteNumber("size", file.Size);
        json.WriteString("sha256", file.Sha256);
        if (file.Outside is { } outside)
        {
            json.WriteStartObject("outside");
            json.WriteString("path", outside.Path);
            json.WriteString("modified", Text(outside.Modified));
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void Optional(Utf8JsonWriter json, string key, string? value)
    {
        if (value is not null)
            json.WriteString(key, value);
    }

    private static string Text(JsonElement json, string key) => TextOrNull(json, key) ?? throw new FormatException($"'{key}' is missing");

    private static string? TextOrNull(JsonElement json, string key) => json.TryGetProperty(key, out var value) ? value.GetString() : null;

    private static string Text(DateTimeOffset time) => time.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture);

    private static DateTimeOffset Time(string text) => DateTimeOffset.TryParseExact(text, "O", CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var time)
        ? time
        : throw new FormatException($"'{text}' is no time");
}
