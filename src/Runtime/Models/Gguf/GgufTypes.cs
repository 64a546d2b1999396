using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Hybrid.Models.Gguf;

/// <summary>Sizes of ggml's tensor types in llama.cpp v0.5.0: elements and bytes of one block.</summary>
internal static class GgufTypes
{
    private static readonly Dictionary<uint, (string Name, int Elements, int Bytes)> Blocks = new()
    {
        [0] = ("F32", 1, 4),
        [1] = ("F16", 1, 2),
        [2] = ("Q4_0", 32, 18),
        [3] = ("Q4_1", 32, 20),
        [6] = ("Q5_0", 32, 22),
        [7] = ("Q5_1", 32, 24),
        [8] = ("Q8_0", 32, 34),
        [9] = ("Q8_1", 32, 36),
        [10] = ("Q2_K", 256, 84),
        [11] = ("Q3_K", 256, 110),
        [12] = ("Q4_K", 256, 144),
        [13] = ("Q5_K", 256, 176),
        [14] = ("Q6_K", 256, 210),
        [15] = ("Q8_K", 256, 292),
        [16] = ("IQ2_XXS", 256, 66),
        [17] = ("IQ2_XS", 256, 74),
        [18] = ("IQ3_XXS", 256, 98),
        [19] = ("IQ1_S", 256, 50),
        [20] = ("IQ4_NL", 32, 18),
        [21] = ("IQ3_S", 256, 110),
        [22] = ("IQ2_S", 256, 82),
        [23] = ("IQ4_XS", 256, 136),
        [24] = ("I8", 1, 1),
        [25] = ("I16", 1, 2),
        [26] = ("I32", 1, 4),
        [27] = ("I64", 1, 8),
        [28] = ("F64", 1, 8),
        [29] = ("IQ1_M", 256, 56),
        [30] = ("BF16", 1, 2),
        [34] = ("TQ1_0", 256, 54),
        [35] = ("TQ2_0", 256, 66),
        [39] = ("MXFP4", 32, 17),
        [40] = ("NVFP4", 64, 36),
        [41] = ("Q1_0", 128, 18),
        [42] = ("Q2_0", 64, 18),
    };

    // ggml's own choice (repack.cpp): some on every processor that llama.cpp is built for, some on ARM or AVX-512 alone.
    private static readonly HashSet<string> Repacked = (RuntimeInformation.ProcessArchitecture is Architecture.Arm64
        ? new[] { "Q4_0", "Q4_K", "Q5_K", "Q6_K", "Q8_0", "IQ4_NL", "MXFP4" }
        : Avx512F.IsSupported ? ["Q4_0", "Q4_K", "Q2_K", "IQ4_NL", "MXFP4"]
        : Avx2.IsSupported ? ["Q4_0", "Q4_K", "IQ4_NL", "MXFP4"] : []).ToHashSet();

    /// <summary>Whether matrices of a type are put into another order for this machine's processor.</summary>
    public static bool IsRepacked(string name) => Repacked.Contains(name);

    public static bool TryGet(uint type, out (string Name, int Elements, int Bytes) block) => Blocks.TryGetValue(type, out block);
}
