using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Hybrid.CloudConnector.OpenAi;

/// <summary>Strings of a server's JSON, those with half a surrogate pair too.</summary>
internal static class JsonTexts
{
    /// <summary>The text; a lone half of a pair, which a server may have cut there, stays as it is.</summary>
    /// <exception cref="PoolFault">It is not UTF-8.</exception>
    public static string Read(JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            // Either bytes that are no UTF-8, or an escaped half.
            return Halves(value);
        }
    }

    private static string Halves(JsonElement value)
    {
        string raw;
        try
        {
            raw = value.GetRawText();
        }
        catch (InvalidOperationException)
        {
            throw new PoolFault("it sent text that is not UTF-8");
        }

        if (raw.Contains('\uFFFD', StringComparison.Ordinal) || !raw.Contains('\\', StringComparison.Ordinal))
            throw new PoolFault("it sent text that is not UTF-8");
        var text = new StringBuilder(raw.Length);
        for (var i = 1; i < raw.Length - 1; i++)
        {
            if (raw[i] != '\\')
            {
                text.Append(raw[i]);
                continue;
            }

            i++;
            if (raw[i] == 'u')
            {
                text.Append((char)ushort.Parse(raw.AsSpan(i + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
                i += 4;
            }
            else
            {
                text.Append(raw[i] switch { 'n' => '\n', 'r' => '\r', 't' => '\t', 'b' => '\b', 'f' => '\f', var same => same });
            }
        }

        return text.ToString();
    }
}
