using System.Text.RegularExpressions;

namespace Hybrid.Models.Catalogue;

/// <summary>What is left of a model's name without who made it and how it was stored.</summary>
internal static partial class ModelNames
{
    /// <summary>The name to compare by: <c>meta-llama/Llama-3.1-8B-Instruct-Q4_K_M.gguf</c> is <c>llama-3.1-8b</c>.</summary>
    public static string Plain(string name)
    {
        var plain = name[(name.LastIndexOfAny(['/', '\\']) + 1)..].ToLowerInvariant();
        while (Ending().Match(plain) is { Success: true, Index: > 0 and var start }) plain = plain[..start];
        return plain;
    }

    /// <summary>The quantisation that a name states, in upper case; null where it states none.</summary>
    public static string? QuantisationIn(string name) => Quantised().Match(name) is { Success: true } found ? found.Groups["type"].Value.ToUpperInvariant() : null;

    [GeneratedRegex("[-.:_](gguf|i?q[0-9]+(_[0-9a-z]+)*|mxfp4|b?f16|fp16|f32|fp8|int[48]|awq|gptq|instruct|chat|it|hf|latest)$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Ending();

    [GeneratedRegex("[-.:_](?<type>i?q[0-9]+(_[0-9a-z]+)*|mxfp4|b?f16|f32)(\\.gguf)?$", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Quantised();
}
