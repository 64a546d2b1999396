using System.Text.Json;

namespace Hybrid.Engines.Grammar;

/// <summary>Strings of a length, a pattern or a format.</summary>
internal static class SchemaStrings
{
    private const string Date = """(([1-9] [0-9]{3} "-" ("02-" ("0" [1-9] | "1" [0-9] | "2" [0-8]) | ("0" [469] | "11") "-" ("0" [1-9] | [12] [0-9] | "30") | ("0" [13578] | "1" [02]) "-" ("0" [1-9] | [12] [0-9] | "3" [01]))) | ([1-9] [0-9] ("0" [48] | [2468] [048] | [13579] [26]) | ([2468] [048] | [13579] [26]) "00") "-02-29")""";
    private const string Time = """(([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9] ":" [0-5] [0-9] ("." [0-9]{1,7})? ("Z" | [-+] ("0" [0-9] | "1" [0-3]) ":" [0-5] [0-9]))""";
    private const string Uuid = """([0-9a-fA-F]{8} ("-" [0-9a-fA-F]{4}){3} "-" [0-9a-fA-F]{12})""";

    public static string Write(GbnfWriter rules, IReadOnlyDictionary<string, JsonElement> members, string path)
    {
        var least = SchemaKeywords.Count(members, "minLength", path);
        var most = SchemaKeywords.Count(members, "maxLength", path);
        var format = SchemaKeywords.Text(members, "format", path);
        var pattern = SchemaKeywords.Text(members, "pattern", path);
        if (most < least)
            throw SchemaKeywords.Unmeetable(path, $"minLength is {least} and maxLength {most}");
        if ((least ?? most) is not null ? format is not null || pattern is not null : format is not null && pattern is not null)
            throw SchemaKeywords.Unusable(path, "has more than one of a length, a pattern and a format");
        if (format is not null)
            return rules.Share(format, $"\"\\\"\" {Format(format, path)} \"\\\"\"");
        if (pattern is not null)
            return rules.Add("pattern", $"\"\\\"\" {PatternGrammar.Translate(pattern) ?? throw SchemaKeywords.Unusable($"{path}.pattern", "is more than sets, groups, alternatives and repetitions")} \"\\\"\"");
        return (least ?? most) is null ? JsonRules.String(rules) : rules.Add("text", $"\"\\\"\" {JsonRules.Character(rules)}{{{least ?? 0},{most}}} \"\\\"\"");
    }

    private static string Format(string format, string path) => format switch
    {
        "date" => Date,
        "time" => Time,
        "date-time" => $"{Date} \"T\" {Time}",
        "uuid" => Uuid,
        _ => throw SchemaKeywords.Unusable($"{path}.format", $"is '{(format.Length > 40 ? format[..40] : format)}'; use date, time, date-time or uuid"),
    };
}
