namespace Hybrid.Models.Catalogue;

/// <summary>How many bits a weight takes.</summary>
/// <remarks>
/// As llama.cpp's own table has it for Llama 3.1 8B, scales and the tensors that a mix keeps larger included; Q3_K_M, which it leaves out, between its neighbours; Q4_0, Q5_0 and MXFP4 from the size of
/// their blocks. Another model's mix differs by a few percent.
/// </remarks>
internal static class Quantisation
{
    private static readonly Dictionary<string, double> Bits = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Q2_K"] = 3.16,
        ["Q3_K_S"] = 3.64,
        ["Q3_K_M"] = 4.0,
        ["Q3_K_L"] = 4.30,
        ["IQ4_XS"] = 4.46,
        ["Q4_0"] = 4.5,
        ["MXFP4"] = 4.25,
        ["IQ4_NL"] = 4.68,
        ["Q4_K_S"] = 4.67,
        ["Q4_K_M"] = 4.89,
        ["Q5_0"] = 5.5,
        ["Q5_K_S"] = 5.57,
        ["Q5_K_M"] = 5.70,
        ["Q6_K"] = 6.56,
        ["Q8_0"] = 8.50,
        ["BF16"] = 16,
        ["F16"] = 16,
        ["F32"] = 32,
    };

    public static IEnumerable<string> Names => Bits.Keys.Order(StringComparer.Ordinal);

    public static bool TryGetBits(string name, out double bits) => Bits.TryGetValue(name, out bits);

    /// <summary>Largest first.</summary>
    public static IEnumerable<string> BySize(IEnumerable<string> names) =>
        names.Where(Bits.ContainsKey).OrderByDescending(name => Bits[name]).ThenBy(name => name, StringComparer.Ordinal);
}
