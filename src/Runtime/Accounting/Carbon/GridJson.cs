using System.Globalization;
using System.Text.Json;

namespace Hybrid.Accounting;

/// <summary>Reads a provider's JSON member by member and says what is wrong with it.</summary>
internal static class GridJson
{
    /// <summary>No grid is dirtier: burning lignite alone gives a fifth of it.</summary>
    public const double MostGrams = 5000;

    /// <summary>A figure that is older was not meant for now.</summary>
    private static readonly TimeSpan Oldest = TimeSpan.FromDays(1);

    public static JsonElement Member(JsonElement parent, string name)
    {
        if (parent.ValueKind != JsonValueKind.Object)
            throw new GridAnswerException($"an object with '{name}' was expected, it gave {Kind(parent)}");
        return parent.TryGetProperty(name, out var member) && member.ValueKind != JsonValueKind.Null
            ? member
            : throw new GridAnswerException($"'{name}' is missing");
    }

    public static double Grams(JsonElement parent, string name) => Figure(Member(parent, name), $"'{name}'");

    public static double Figure(JsonElement value, string name)
    {
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out var grams))
            throw new GridAnswerException($"{name} is {Kind(value)}, not a number");
        return grams is >= 0 and <= MostGrams
            ? grams
            : throw new GridAnswerException($"{name} is {grams.ToString("G6", CultureInfo.InvariantCulture)}; 0 to {MostGrams} g CO2e per kWh can be true");
    }

    public static DateTimeOffset Time(JsonElement parent, string name)
    {
        var value = Member(parent, name);
        return value.ValueKind == JsonValueKind.String
            && DateTimeOffset.TryParse(value.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time.ToUniversalTime()
            : throw new GridAnswerException($"'{name}' is not a time");
    }

    public static IEnumerable<JsonElement> List(JsonElement parent, string name)
    {
        var value = Member(parent, name);
        return value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : throw new GridAnswerException($"'{name}' is {Kind(value)}, not a list");
    }

    /// <summary>Refuses a figure of another day; one without a time is taken at its word.</summary>
    public static void CheckAge(JsonElement parent, string name, DateTimeOffset now)
    {
        if (parent.ValueKind != JsonValueKind.Object || !parent.TryGetProperty(name, out var given) || given.ValueKind == JsonValueKind.Null)
            return;
        var time = Time(parent, name);
        if ((now - time).Duration() > Oldest)
            throw new GridAnswerException($"its figure is for {time:yyyy-MM-dd HH:mm}Z, not for now");
    }

    private static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => "a list",
        JsonValueKind.Object => "an object",
        JsonValueKind.Null => "null",
        JsonValueKind.True or JsonValueKind.False => "true or false",
        JsonValueKind.Number => "a number out of range",
        _ => "text",
    };
}
