using System.Globalization;
using Hybrid.Edge.Mqtt;

namespace Hybrid.Edge.Outbox;

/// <summary>Tells a record from all others, of all senders.</summary>
/// <param name="Source">Who sent it.</param>
/// <param name="Number">Its number there; higher numbers were stored later.</param>
public readonly record struct RecordId(string Source, long Number)
{
    /// <summary>The user property in which a message carries it.</summary>
    public const string Property = "hybrid-id";

    /// <summary>The user property with the id of the record that comes before it in its topic and that no receiver has confirmed yet.</summary>
    public const string AfterProperty = "hybrid-after";

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    public static bool TryParse(string? text, out RecordId id)
    {
        id = default;
        if (text?.LastIndexOf(':') is not (> 0 and var colon)) return false;
        if (!long.TryParse(text.AsSpan(colon + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number) || number < 0) return false;
        id = new(text[..colon], number);
        return true;
    }

    /// <summary>The id that a message carries; null: none.</summary>
    public static RecordId? Of(MqttMessage message) => Of(message, Property);

    /// <summary>The id that a message says comes before it; null: none.</summary>
    internal static RecordId? Before(MqttMessage message) => Of(message, AfterProperty);

    /// <summary>Source, colon, and the number in hexadecimal digits.</summary>
    public override string ToString() => $"{Source}:{Number.ToString("x", CultureInfo.InvariantCulture)}";

    private static RecordId? Of(MqttMessage message, string property)
    {
        ArgumentNullException.ThrowIfNull(message);
        foreach (var (name, value) in message.UserProperties)
            if (name == property && TryParse(value, out var id)) return id;
        return null;
    }
}
