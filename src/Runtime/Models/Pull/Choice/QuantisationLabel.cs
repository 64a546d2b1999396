using System.Text.RegularExpressions;

namespace Hybrid.Models.Pull.Choice;

/// <summary>The quantisation that a file's name tells, such as <c>Q4_K_M</c> of <c>model-q4_k_m-00001-of-00002.gguf</c>.</summary>
internal static partial class QuantisationLabel
{
    /// <summary>In upper case; null: the name tells none.</summary>
    public static string? Of(string path)
    {
        var name = SplitName.StemOf(path[(path.LastIndexOf('/') + 1)..]);
        return Label().Matches(name) is { Count: > 0 } all ? all[^1].Value.ToUpperInvariant() : null;
    }

    /// <summary>Whether a label is what somebody asked for; <c>UD-Q4_K_XL</c> also answers to <c>Q4_K_XL</c>.</summary>
    public static bool Matches(string label, string wanted) =>
        label.Equals(wanted, StringComparison.OrdinalIgnoreCase) || (label.StartsWith("UD-", StringComparison.Ordinal) && label.AsSpan(3).Equals(wanted, StringComparison.OrdinalIgnoreCase));

    /// <summary>What stands before the label in a name, for telling two models of one repository apart.</summary>
    public static string BaseOf(string path)
    {
        var name = SplitName.StemOf(path[(path.LastIndexOf('/') + 1)..]);
        return Label().Matches(name) is { Count: > 0 } all ? name[..all[^1].Index].TrimEnd('-', '.', '_') : name;
    }

    [GeneratedRegex("(?<=^|[-._ ])(UD-)?(I?Q[1-8](_[0-9A-Z]+)*|TQ[12]_0|BF16|F16|F32|FP16|FP32|MXFP4(_[A-Z]+)*|NVFP4)(?=$|[-. ])", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex Label();
}
