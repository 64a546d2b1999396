using System.CommandLine;

namespace Hybrid.Cli.Policy;

/// <summary><c>hybrid policy</c>: looks at policies without asking a model.</summary>
internal static class PolicyCommand
{
    public static Command Create() => new("policy", "Look at policies. No model is asked.")
    {
        SimulateCommand.Create(),
    };
}
