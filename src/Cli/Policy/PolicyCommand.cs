using System.CommandLine;

namespace Hybrid.Cli.Policy;

/// <summary><c>hybrid policy</c>: looks at policies without loading a model or sending anything.</summary>
internal static class PolicyCommand
{
    public static Command Create() => new("policy", "What policies say, would do and would have done. Nothing is loaded or sent.")
    {
        ValidateCommand.Create(),
        ShowCommand.Create(),
        ReplayCommand.Create(),
        SimulateCommand.Create(),
    };

    /// <summary>The option that all of its verbs share.</summary>
    public static Option<string?> ConfigOption() => new("--config") { Description = "A JSON file with a \"Hybrid\" section; default: hybrid.json in the working folder, if there is one." };
}
