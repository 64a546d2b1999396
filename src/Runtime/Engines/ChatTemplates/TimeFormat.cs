using System.Globalization;
using System.Text;

namespace Hybrid.Engines.ChatTemplates;

/// <summary>Dates as <c>strftime</c> writes them.</summary>
internal static class TimeFormat
{
    public static string Write(DateTimeOffset time, string format, RenderBudget budget)
    {
        budget.ChargeText(format.Length * 8L);
        var text = new StringBuilder();
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%')
            {
                text.Append(format[i]);
                continue;
            }

            var isUnpadded = i + 1 < format.Length && format[i + 1] == '-';
            i += isUnpadded ? 2 : 1;
            var part = Part(time, i < format.Length ? format[i] : ' ') ?? throw budget.Error($"the date format '{format}' is not understood");
            text.Append(isUnpadded && part.Length > 1 ? part.TrimStart('0') is { Length: > 0 } shorter ? shorter : "0" : part);
        }

        return text.ToString();
    }

    private static string? Part(DateTimeOffset time, char kind) => kind switch
    {
        'Y' => Of(time, "yyyy"),
        'y' => Of(time, "yy"),
        'm' => Of(time, "MM"),
        'd' => Of(time, "dd"),
        'e' => time.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2),
        'b' or 'h' => Of(time, "MMM"),
        'B' => Of(time, "MMMM"),
        'a' => Of(time, "ddd"),
        'A' => Of(time, "dddd"),
        'H' => Of(time, "HH"),
        'I' => Of(time, "hh"),
        'M' => Of(time, "mm"),
        'S' => Of(time, "ss"),
        'p' => Of(time, "tt"),
        'j' => time.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
        'F' => Of(time, "yyyy-MM-dd"),
        'T' => Of(time, "HH:mm:ss"),
        'z' => Of(time, "zzz").Replace(":", "", StringComparison.Ordinal),
        '%' => "%",
        _ => null,
    };

    private static string Of(DateTimeOffset time, string format) => time.ToString(format, CultureInfo.InvariantCulture);
}
