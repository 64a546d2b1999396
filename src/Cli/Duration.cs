using System.Globalization;

namespace Hybrid.Cli;

/// <summary>Reads <c>800ms</c>, <c>5s</c>, <c>2m</c> and <c>1h</c>.</summary>
internal static class Duration
{
    public static TimeSpan Parse(string option, string text)
    {
        var digits = text.TakeWhile(character => char.IsAsciiDigit(character) || character == '.').Count();
        var unit = text[digits..] switch
        {
            "ms" => TimeSpan.FromMilliseconds(1),
            "s" => TimeSpan.FromSeconds(1),
            "m" => TimeSpan.FromMinutes(1),
            "h" => TimeSpan.FromHours(1),
            _ => TimeSpan.Zero,
        };
        if (unit > TimeSpan.Zero && double.TryParse(text.AsSpan(0, digits), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count) && count > 0)
            return unit * count;
        throw new HybridException(HybridError.InvalidRequest, $"{option}: '{text}' is not a duration above zero. Write 800ms, 5s, 2m or 1h.");
    }
}
