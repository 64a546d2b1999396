using System.CommandLine;
using Microsoft.Extensions.Logging;

namespace Hybrid.Cli.Agent;

/// <summary><c>hybrid agent</c>: all that a device runs, until it is told to stop.</summary>
internal static class AgentCommand
{
    public const string Name = "agent";

    public static Command Create()
    {
        var config = new Option<string?>("--config") { Description = "A JSON file with a \"Hybrid\" section; default: hybrid.json in the working folder, if there is one." };
        var command = new Command(Name, "Run this device: the server for apps, requests that wait, and its part in a fleet. SIGHUP reads the configuration again, SIGTERM ends it well.") { config };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var notifier = ServiceNotifier.OfEnvironment(TimeProvider.System);
            using var early = LoggerFactory.Create(logging => logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace));
            DeviceAgent? agent = null;
            using var signals = new Signals(() =>
            {
                if (Volatile.Read(ref agent) is not { } running) return;
                notifier.Reloading();
                running.Reload();
                notifier.Ready(running.Configuration.Problem is null ? "Answering." : "Answering; the last reload was refused, see the log.");
            });
            await using var started = await DeviceAgent.StartAsync(AgentConfiguration.Load(parsed.GetValue(config), early.CreateLogger(AgentLog.Category)), TimeProvider.System, signals.Stop);
            Volatile.Write(ref agent, started);
            await Console.Out.WriteLineAsync($"Listening on {started.Address}v1");
            notifier.Ready("Answering.");
            await signals.StoppedAsync(cancellationToken);
            notifier.Stopping();
            await started.DrainAsync(signals.Now);
            return ExitCode.Done;
        });
        return command;
    }
}
