using System.CommandLine;
using Hybrid.Configuration;
using Hybrid.Edge.Waiting;
using Hybrid.Models;
using Microsoft.Extensions.Logging;

namespace Hybrid.Cli.Serve;

/// <summary><c>hybrid serve</c>: the server for apps on this device.</summary>
internal static class ServeCommand
{
    public const string Name = "serve";

    public static Command Create()
    {
        var config = new Option<string?>("--config") { Description = "A JSON file with a \"Hybrid\" section; default: hybrid.json in the working folder, if there is one." };
        var model = new Option<string?>("--model") { Description = "The GGUF file for this device, or store:NAME:TAG; default: the starter model." };
        var bind = new Option<string?>("--bind") { Description = "The IP address to listen on; default 127.0.0.1." };
        var port = new Option<int?>("--port") { Description = "The port; 0 takes a free one; default 11435." };
        var key = new Option<string?>("--api-key") { Description = "A bearer key that apps must send; visible in process lists: prefer Hybrid__Serve__ApiKeys__0." };
        var insecure = new Option<bool>("--insecure") { Description = "Allow plain text beyond this machine." };
        var command = new Command(Name, "Answer apps on this device over the OpenAI API: here, or in a pool where the policy says so.") { config, model, bind, port, key, insecure };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var signals = new Signals();
            await using var host = HybridHost.Start(CliConfiguration.Load(parsed.GetValue(config), Settings()));
            await using var waiting = host.Options.Waiting is { } kept ? WaitingRequests.Open(host.Client, kept, TimeProvider.System, host.Logging.CreateLogger("Hybrid.Edge.Waiting")) : null;
            await using var server = await LocalServer.StartAsync(host.Client, host.Options.Serve, waiting, TimeProvider.System, host.Logging, cancellationToken);
            await Console.Out.WriteLineAsync($"Listening on {server.Address}v1");
            await signals.StoppedAsync(cancellationToken);
            await server.DrainAsync(signals.Now);
            if (waiting is not null) await waiting.DrainAsync(signals.Now);
            return ExitCode.Done;

            IEnumerable<KeyValuePair<string, string?>> Settings()
            {
                const string Section = $"{HybridOptions.Section}:{nameof(HybridOptions.Serve)}:";
                if (parsed.GetValue(model) is { } file) yield return new("Hybrid:Local:ModelPath", ModelLocation.Full(file, Environment.CurrentDirectory));
                if (parsed.GetValue(bind) is { } address) yield return new(Section + nameof(ServeOptions.Bind), address);
                if (parsed.GetValue(port) is { } number) yield return new(Section + nameof(ServeOptions.Port), number.ToString());
                if (parsed.GetValue(key) is { } secret) yield return new(Section + nameof(ServeOptions.ApiKeys) + ":0", secret);
                if (parsed.GetValue(insecure)) yield return new(Section + nameof(ServeOptions.Insecure), "true");
            }
        });
        return command;
    }
}
