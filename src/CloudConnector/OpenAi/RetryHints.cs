using System.Buffers;
using System.Globalization;
using System.Net.Http.Headers;

namespace Hybrid.CloudConnector.OpenAi;

/// <summary>How long a server asks to be left alone: <c>Retry-After</c>, or when one of its limits is renewed.</summary>
internal static class RetryHints
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789.");
    private static readonly string[] Limits = ["requests", "tokens"];
    private static readonly string[] Resets = ["ratelimit-reset", "x-ratelimit-reset"];

    /// <returns>Above zero, at most a day; null where the server does not say, or nothing that is understood.</returns>
    public static TimeSpan? Read(HttpResponseHeaders headers, DateTimeOffset now)
    {
        if (Value(headers, "retry-after-ms") is { } text && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var milliseconds))
            return Within(milliseconds / 1000);
        if (headers.RetryAfter is { } after)
            return Within((after.Delta ?? after.Date - now)?.TotalSeconds);
        if (Value(headers, "retry-after") is { } fraction && double.TryParse(fraction, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds))
            return Within(seconds);
        return Within(Limit(headers, now));
    }

    /// <summary>Of the limits that are used up the last to be renewed; of all, where it is not said which are.</summary>
    private static double? Limit(HttpResponseHeaders headers, DateTimeOffset now)
    {
        double? spent = null, any = null;
        foreach (var limit in Limits)
        {
            var reset = Seconds(Value(headers, "x-ratelimit-reset-" + limit), now);
            any = Later(any, reset);
            if (Value(headers, "x-ratelimit-remaining-" + limit) is "0")
                spent = Later(spent, reset);
        }

        foreach (var name in Resets)
            any = Later(any, Seconds(Value(headers, name), now));
        return spent ?? any;
    }

    private static double? Later(double? a, double? b) => a is null || b > a ? b : a;

    /// <summary>Seconds from a number, a moment (Unix seconds or milliseconds, or a date), or a length such as <c>6m0s</c> or <c>20ms</c>.</summary>
    private static double? Seconds(string? text, DateTimeOffset now)
    {
        if (text is null)
            return null;
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
        {
            var moment = now.ToUnixTimeMilliseconds() / 1000.0;
            return number switch { > 1e12 => (number / 1000) - moment, > 1e9 => number - moment, _ => number };
        }

        if (Length(text) is { } length)
            return length;
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date) ? (date - now).TotalSeconds : null;
    }

    private static double? Length(ReadOnlySpan<char> text)
    {
        var total = 0.0;
        while (text.Length > 0)
        {
            var digits = text.IndexOfAnyExcept(Digits);
            if (digits <= 0 || !double.TryParse(text[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount))
                return null;
            text = text[digits..];
            var unit = text.IndexOfAnyInRange('0', '9') is >= 0 and var next ? text[..next] : text;
            var seconds = unit switch { "ms" => 0.001, "s" => 1, "m" => 60, "h" => 3600, "d" => 86400, _ => double.NaN };
            if (double.IsNaN(seconds))
                return null;
            total += amount * seconds;
            text = text[unit.Length..];
        }

        return total;
    }

    private static TimeSpan? Within(double? seconds) =>
        seconds is not > 0 ? null : TimeSpan.FromSeconds(Math.Min(seconds.Value, Longest.TotalSeconds));

    private static string? Value(HttpResponseHeaders headers, string name) =>
        headers.TryGetValues(name, out var values) ? values.FirstOrDefault()?.Trim() : null;
}
