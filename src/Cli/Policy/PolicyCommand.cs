using System.CommandLine;

namespace Hybrid.Cli.Policy;

/// <summary><c>hybrid policy</c>: verbs about policies.</summary>
internal static class PolicyCommand
{
    public static Command Create() => new("policy", "What policies say, would do and would have done.")
    {
        ReplayCommand.Create(),
    };
}
