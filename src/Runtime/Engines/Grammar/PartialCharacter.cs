using System.Runtime.InteropServices;

namespace Hybrid.Engines.Grammar;

/// <summary>The beginning of a character in UTF-8.</summary>
/// <param name="Missing">How many bytes are still to come.</param>
/// <param name="First">The first character that it can become.</param>
/// <param name="Last">The last one.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct PartialCharacter(int Missing, int First, int Last)
{
    /// <summary>Goes on by a byte; false where that is no UTF-8. With nothing missing, <see cref="First"/> is the character.</summary>
    public bool Add(byte value, out PartialCharacter next)
    {
        next = Missing > 0 ? Continued(value) : Begun(value);
        return next.First <= next.Last;
    }

    private PartialCharacter Continued(byte value)
    {
        if ((value & 0xC0) != 0x80)
            return new(0, 1, 0);
        // Overlong forms and surrogates are cut off by the bounds that stand already.
        var (step, chosen) = (1 << (6 * (Missing - 1)), value & 0x3F);
        var block = First & ~((step << 6) - 1);
        return new(Missing - 1, Math.Max(First, block + (chosen * step)), Math.Min(Last, block + (chosen * step) + step - 1));
    }

    private static PartialCharacter Begun(byte value) => value switch
    {
        < 0x80 => new(0, value, value),
        >= 0xC2 and < 0xE0 => new(1, (value & 0x1F) << 6, ((value & 0x1F) << 6) | 0x3F),
        0xE0 => new(2, 0x800, 0xFFF),
        0xED => new(2, 0xD000, 0xD7FF),
        > 0xE0 and < 0xF0 => new(2, (value & 0xF) << 12, ((value & 0xF) << 12) | 0xFFF),
        0xF0 => new(3, 0x10000, 0x3FFFF),
        0xF4 => new(3, 0x100000, CharacterSet.Last),
        > 0xF0 and < 0xF4 => new(3, (value & 7) << 18, ((value & 7) << 18) | 0x3FFFF),
        _ => new(0, 1, 0),
    };
}
