using System.Globalization;

namespace Hybrid.Engines.Grammar;

/// <summary>The decimal numbers between two whole bounds as GBNF.</summary>
internal static class IntegerRange
{
    private const long Largest = 9_999_999_999_999_999; // 16 digits
    private const string Zeros = "(\".\" \"0\"{1,6})?";

    /// <summary>Whole numbers.</summary>
    public static string Whole(long? least, long? most) => Signed(least, most, lowestBelowZero: 1, Magnitudes);

    /// <summary>Numbers with or without digits behind the point.</summary>
    public static string Decimal(long? least, long? most) => Signed(least, most, lowestBelowZero: 0, (low, high) => high is not { } last
        ? $"{Magnitudes(low, null)} {JsonRules.Fraction}"
        : last > low ? $"({Magnitudes(low, last - 1)} {JsonRules.Fraction} | {Text(last)} {Zeros})" : $"{Text(last)} {Zeros}");

    private static string Signed(long? least, long? most, long lowestBelowZero, Func<long, long?, string> magnitudes)
    {
        var parts = new List<string>();
        if (least is null or < 0)
        {
            var low = most is < 0 ? -most.Value : lowestBelowZero;
            if (least is null || -least >= low)
                parts.Add($"\"-\" {magnitudes(low, -least)}");
        }

        if (most is null or >= 0)
            parts.Add(magnitudes(Math.Max(0, least ?? 0), most));
        return $"({string.Join(" | ", parts)})";
    }

    private static string Magnitudes(long least, long? most)
    {
        var last = most ?? Largest;
        var parts = new List<string>();
        for (var (first, end) = (0L, 9L); first <= last; (first, end) = (end + 1, (end * 10) + 9))
        {
            if (end >= least)
                parts.Add(Digits(Plain(Math.Max(first, least)), Plain(Math.Min(end, last))));
            if (end >= Largest)
                break;
        }

        return $"({string.Join(" | ", parts)})";
    }

    /// <summary>The numbers from one to another of as many digits.</summary>
    private static string Digits(string low, string high)
    {
        if (low.Length == 0)
            return "\"\"";
        var (lowRest, highRest) = (low[1..], high[1..]);
        var (first, last) = (low[0], high[0]);
        if (first == last)
            return lowRest.Length == 0 ? $"\"{first}\"" : $"\"{first}\" {Digits(lowRest, highRest)}";
        var parts = new List<string>();
        if (lowRest.Any(digit => digit != '0'))
            parts.Add($"\"{first++}\" {Digits(lowRest, new string('9', lowRest.Length))}");
        var above = highRest.Any(digit => digit != '9') ? $"\"{last--}\" {Digits(new string('0', highRest.Length), highRest)}" : null;
        if (first <= last)
            parts.Add($"[{first}-{last}]{(lowRest.Length > 0 ? $" [0-9]{{{lowRest.Length}}}" : "")}");
        if (above is not null)
            parts.Add(above);
        return $"({string.Join(" | ", parts)})";
    }

    private static string Text(long number) => $"\"{Plain(number)}\"";

    private static string Plain(long number) => number.ToString(CultureInfo.InvariantCulture);
}
