using System.CommandLine;
using Hybrid;
using Hybrid.Cli;
using Hybrid.Cli.Agent;
using Hybrid.Cli.Doctor;
using Hybrid.Cli.Fleet;
using Hybrid.Cli.Models;
using Hybrid.Cli.Policy;
using Hybrid.Cli.Pools;
using Hybrid.Cli.Route;
using Hybrid.Cli.Run;
using Hybrid.Cli.Serve;

var root = new RootCommand("Hybrid: ask a model on this device, and a pool where the policy says so.")
{
    RunCommand.Create(),
    ServeCommand.Create(),
    AgentCommand.Create(),
    RouteCommand.Create(),
    PolicyCommand.Create(),
    PoolsCommand.Create(),
    ModelsCommand.Create(),
    FleetCommand.Create(),
    DoctorCommand.Create(),
};

var parsed = root.Parse(args);
if (parsed.Errors.Count > 0)
{
    foreach (var error in parsed.Errors)
        await Console.Error.WriteLineAsync(error.Message);
    await Console.Error.WriteLineAsync("'hybrid --help' lists the verbs, 'hybrid VERB --help' the options of one.");
    return ExitCode.BadUsage;
}

try
{
    var invocation = new InvocationConfiguration { EnableDefaultExceptionHandler = false };
    // These hear the signals themselves: what runs may end in its own time.
    if (parsed.CommandResult.Command.Name is ServeCommand.Name or AgentCommand.Name)
        invocation.ProcessTerminationTimeout = null;
    return await parsed.InvokeAsync(invocation);
}
catch (Exception exception) when (exception is HybridException or OperationCanceledException)
{
    await Console.Error.WriteLineAsync(exception is HybridException ? exception.Message : "Cancelled.");
    return ExitCode.Of(exception);
}
