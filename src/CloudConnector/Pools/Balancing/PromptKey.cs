using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using Hybrid.Targets;

namespace Hybrid.CloudConnector.Pools.Balancing;

/// <summary>What all requests of a conversation have in common: its messages up to the first of the user, or the beginning of a text.</summary>
/// <remarks>The same key goes to the same replica, whose prefix cache then holds what was said. The same in every process: no seed of chance is in it.</remarks>
internal static class PromptKey
{
    private const int MostBytes = 4096;

    public static ulong Of(Prompt prompt)
    {
        switch (prompt)
        {
            case TextPrompt { Text: var text }:
                return OfText(text.AsSpan(0, Math.Min(text.Length, 256)), 0);
            case TokensPrompt { Tokens: var tokens }:
                return OfText(MemoryMarshal.AsBytes(tokens.Span[..Math.Min(tokens.Length, 64)]));
            case MessagesPrompt { Messages: var messages }:
                var key = 0UL;
                foreach (var message in messages)
                {
                    key = OfText(message.Text, Mix(key + 1));
                    if (message.Role == "user") break;
                }

                return key;
            default:
                return 0;
        }
    }

    public static ulong OfText(ReadOnlySpan<byte> bytes, ulong start = 0)
    {
        var hash = start ^ 0xCBF29CE484222325;
        foreach (var one in bytes) hash = (hash ^ one) * 0x100000001B3;
        return Mix(hash);
    }

    /// <summary>A number of 0 to below 1 that is drawn by a key and a seed.</summary>
    public static double Even(ulong key, ulong seed) => (Mix(key ^ BitOperations.RotateLeft(seed, 31)) >> 11) * (1.0 / (1UL << 53));

    private static ulong OfText(ReadOnlySpan<char> text, ulong start)
    {
        Span<byte> bytes = stackalloc byte[MostBytes];
        Encoding.UTF8.TryGetBytes(text[..Math.Min(text.Length, MostBytes / 3)], bytes, out var length);
        return OfText(bytes[..length], start);
    }

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
