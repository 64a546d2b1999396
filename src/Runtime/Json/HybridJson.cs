using System.Text.Json;
using System.Text.Json.Serialization;
using Hybrid.Accounting;
using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Json;

/// <summary>JSON of decisions and receipts without reflection; times are seconds, zones their names.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    Converters = [typeof(ZoneConverter), typeof(SecondsConverter)])]
[JsonSerializable(typeof(Decision))]
[JsonSerializable(typeof(RequestReceipt))]
[JsonSerializable(typeof(RoutingPolicy))]
internal sealed partial class HybridJson : JsonSerializerContext;

internal sealed class ZoneConverter : JsonConverter<Zone>
{
    public override Zone Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Zone.TryParse(reader.GetString(), out var zone) ? zone : throw new JsonException("not a zone");

    public override void Write(Utf8JsonWriter writer, Zone value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}

internal sealed class SecondsConverter : JsonConverter<TimeSpan>
{
    public override TimeSpan Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        TimeSpan.FromTicks((long)Math.Round(reader.GetDouble() * TimeSpan.TicksPerSecond)); // FromSeconds cuts off, and would lose a tick

    public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options) => writer.WriteNumberValue(value.TotalSeconds);
}
