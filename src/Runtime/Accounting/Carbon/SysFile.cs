using System.Globalization;

namespace Hybrid.Accounting;

/// <summary>Reads the kernel's one-value files.</summary>
internal static class SysFile
{
    public static string? Text(string path)
    {
        // Few machines have them all, and the first exception of a process takes as long as the rest of its start.
        if (!File.Exists(path)) return null;
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public static bool TryWhole(string path, out long value)
    {
        value = 0;
        return Text(path) is { } text && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
    }
}
