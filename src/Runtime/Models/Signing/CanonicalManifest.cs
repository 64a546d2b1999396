using System.Text.Json;
using Hybrid.Models.Store;

namespace Hybrid.Models.Signing;

/// <summary>The bytes of a manifest that are signed: its name, and each file's path, SHA-256 and size, in order.</summary>
/// <remarks>
/// JSON as RFC 8785 writes it: keys in order, no white space, and no character that needs an escape, for paths and names have none.
/// Source, licence and time are not in it: they are what the one who pulled it says.
/// </remarks>
internal static class CanonicalManifest
{
    private const string Type = "hybrid-model-1";

    public static byte[] Bytes(ModelManifest manifest)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteStartArray("files");
            foreach (var file in manifest.Files)
            {
                json.WriteStartObject();
                json.WriteString("path", file.Path);
                json.WriteString("sha256", file.Sha256);
                json.WriteNumber("size", file.Size);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteString("name", manifest.Name.ToString());
            json.WriteString("type", Type);
            json.WriteEndObject();
        }

        return stream.ToArray();
    }
}
