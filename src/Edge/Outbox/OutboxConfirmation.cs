using System.Text.Json;
using System.Text.Json.Serialization;

namespace Hybrid.Edge.Outbox;

/// <summary>What a receiver sends to say which records it has: a JSON array of their ids.</summary>
internal static partial class OutboxConfirmation
{
    /// <summary>The most ids of one.</summary>
    public const int Most = 256;

    public static byte[] Write(IEnumerable<RecordId> ids) => JsonSerializer.SerializeToUtf8Bytes([.. ids.Select(id => id.ToString())], Wire.Default.StringArray);

    /// <returns>Null: it is none.</returns>
    public static IReadOnlyList<RecordId>? Read(ReadOnlySpan<byte> bytes)
    {
        try
        {
            List<RecordId> ids = [];
            foreach (var text in JsonSerializer.Deserialize(bytes, Wire.Default.StringArray) ?? [])
            {
                if (!RecordId.TryParse(text, out var id)) return null;
                ids.Add(id);
            }

            return ids;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    [JsonSerializable(typeof(string[]))]
    private sealed partial class Wire : JsonSerializerContext;
}
