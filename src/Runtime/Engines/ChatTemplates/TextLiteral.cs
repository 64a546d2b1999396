using System.Globalization;
using System.Text;

namespace Hybrid.Engines.ChatTemplates;

/// <summary>Reads the escapes of a quoted text as Python does; an unknown one stays as it stands.</summary>
internal static class TextLiteral
{
    public static string Read(ReadOnlySpan<char> source)
    {
        if (!source.Contains('\\'))
            return source.ToString();
        var text = new StringBuilder(source.Length);
        for (var i = 0; i < source.Length; i++)
        {
            if (source[i] != '\\' || i + 1 == source.Length)
            {
                text.Append(source[i]);
                continue;
            }

            var escape = source[++i];
            var digits = escape switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
            if (digits > 0 && i + digits < source.Length && TryHex(source.Slice(i + 1, digits), out var value))
            {
                AppendCodePoint(text, value);
                i += digits;
            }
            else if (escape is >= '0' and <= '7')
            {
                var octal = 0;
                var end = Math.Min(i + 3, source.Length);
                for (; i < end && source[i] is >= '0' and <= '7'; i++)
                    octal = (octal * 8) + source[i] - '0';
                i--;
                text.Append((char)octal);
            }
            else
            {
                text.Append(Simple(escape));
            }
        }

        return text.ToString();
    }

    private static string Simple(char escape) => escape switch
    {
        'n' => "\n",
        't' => "\t",
        'r' => "\r",
        'a' => "\a",
        'b' => "\b",
        'f' => "\f",
        'v' => "\v",
        '\n' => "",
        '\\' or '\'' or '"' => escape.ToString(),
        _ => "\\" + escape,
    };

    private static bool TryHex(ReadOnlySpan<char> digits, out uint value) =>
        uint.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value) && value <= 0x10FFFF;

    private static void AppendCodePoint(StringBuilder text, uint value)
    {
        if (value <= 0xFFFF)
            text.Append((char)value);
        else
            text.Append(char.ConvertFromUtf32((int)value));
    }
}
