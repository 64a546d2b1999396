using Hybrid.Targets;

namespace Hybrid.Benchmarks.Engine;

/// <summary>Draft counts of a completion; 0 where the engine has none.</summary>
internal static class Counts
{
    public static int Drafted(DecodeCompletion completion) => Of(completion, "DraftedTokens");

    public static int Accepted(DecodeCompletion completion) => Of(completion, "AcceptedTokens");

    private static int Of(DecodeCompletion completion, string name) => (int?)typeof(DecodeCompletion).GetProperty(name)?.GetValue(completion) ?? 0;
}
