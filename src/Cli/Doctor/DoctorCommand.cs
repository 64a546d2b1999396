using System.CommandLine;
using Hybrid.Models;

namespace Hybrid.Cli.Doctor;

/// <summary><c>hybrid doctor</c>: what was found on this machine, what is missing, and how to get it.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var config = new Option<string?>("--config") { Description = "A JSON file with a \"Hybrid\" section." };
        var model = new Option<string?>("--model") { Description = "The GGUF file to look at; default: the configured one." };
        var json = new Option<bool>("--json") { Description = "One JSON object on standard output; text for people goes to standard error." };
        var command = new Command("doctor", "Show what was found: processor, llama.cpp, devices, model, pools, memory; and what is missing.") { config, model, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var settings = new List<KeyValuePair<string, string?>>();
            if (parsed.GetValue(model) is { } path)
                settings.Add(new("Hybrid:Local:ModelPath", ModelLocation.Full(path, Environment.CurrentDirectory)));
            var report = await DoctorReport.MakeAsync(CliConfiguration.Load(parsed.GetValue(config), settings), cancellationToken);
            var asJson = parsed.GetValue(json);
            await (asJson ? Console.Error : Console.Out).WriteAsync(report.ToText());
            if (asJson)
                await Console.Out.WriteLineAsync(report.ToJson());
            return report.Healthy ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }
}
