using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Hybrid.Accounting;
using Hybrid.Json;
using Hybrid.Targets;

namespace Hybrid.Policy.Log;

/// <summary>JSON of the log's lines without reflection; times of day in ISO 8601, lengths of time in seconds.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    RespectNullableAnnotations = true,
    Converters = [typeof(ZoneConverter), typeof(SecondsConverter), typeof(RatioBandConverter)])]
[JsonSerializable(typeof(LogRecord))]
internal sealed partial class LogJson : JsonSerializerContext
{
    public static void Write(Utf8JsonWriter writer, LogRecord record) => JsonSerializer.Serialize(writer, record, Default.LogRecord);

    /// <summary>Reads a line; throws <see cref="JsonException"/> where a figure is missing, since no default would be what was seen.</summary>
    public static LogRecord? Read(ReadOnlySpan<byte> line) => JsonSerializer.Deserialize(line, Strict.Record);

    /// <summary>Names these very figures, as <see cref="RoutingPolicy.Version"/> does for a policy.</summary>
    public static string Version(TargetDescriptor descriptor) =>
        Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(descriptor, Default.TargetDescriptor)))[..12];

    /// <summary>Apart, since it can be made only once the context itself is.</summary>
    private static class Strict
    {
        public static readonly JsonTypeInfo<LogRecord> Record = (JsonTypeInfo<LogRecord>)new JsonSerializerOptions(Default.Options)
        {
            TypeInfoResolver = Default.WithAddedModifier(RequireFigures),
        }.GetTypeInfo(typeof(LogRecord));

        private static void RequireFigures(JsonTypeInfo type)
        {
            if (type.Kind != JsonTypeInfoKind.Object)
                return;
            foreach (var property in type.Properties)
            {
                var settable = property.Set is not null || property.AssociatedParameter is not null;
                var nullable = property.PropertyType.IsValueType ? Nullable.GetUnderlyingType(property.PropertyType) is not null : property.IsSetNullable;
                if (settable && !nullable)
                    property.IsRequired = true;
            }
        }
    }
}

internal sealed class RatioBandConverter : JsonConverter<RatioBand>
{
    public override RatioBand Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            throw new JsonException("not a band");
        List<double> ratios = [];
        while (reader.Read() && reader.TokenType == JsonTokenType.Number)
            ratios.Add(reader.GetDouble());
        return reader.TokenType == JsonTokenType.EndArray && RatioBand.Of([.. ratios]) is { } band ? band : throw new JsonException("not a band");
    }

    public override void Write(Utf8JsonWriter writer, RatioBand value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (var ratio in value.Ratios)
            writer.WriteNumberValue(ratio);
        writer.WriteEndArray();
    }
}
