using System.Globalization;

namespace Hybrid.Configuration;

/// <summary>Amounts of memory as people write them: <c>2GiB</c>, <c>512MiB</c>, <c>1.5GB</c> or bytes.</summary>
internal static class ByteSize
{
    public const string Example = "2GiB or 512MiB";

    private static readonly (string Suffix, double Bytes)[] Units =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40), ("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12), ("B", 1),
    ];

    /// <summary>Reads an amount of at least a byte.</summary>
    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        var (suffix, unit) = Array.Find(Units, one => text.EndsWith(one.Suffix, StringComparison.OrdinalIgnoreCase));
        var number = text.AsSpan(0, text.Length - (suffix?.Length ?? 0)).TrimEnd();
        if (!double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value))
            return false;
        var exact = value * (suffix is null ? 1 : unit);
        if (exact is not (>= 1 and <= 1L << 60)) // NaN is neither
            return false;
        bytes = (long)exact;
        return true;
    }

    public static string Text(long bytes) => bytes switch
    {
        >= 1L << 30 => $"{bytes / (double)(1L << 30):0.##} GiB",
        >= 1L << 20 => $"{bytes / (double)(1L << 20):0.#} MiB",
        >= 1L << 10 => $"{bytes / (double)(1L << 10):0.#} KiB",
        _ => $"{bytes} bytes",
    };
}
