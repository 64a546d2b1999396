using System.CommandLine;
using Hybrid.Models.Peers;
using Microsoft.Extensions.Logging;

namespace Hybrid.Cli.Models;

/// <summary><c>hybrid models share</c>: offers the store to devices of the same site.</summary>
internal static class ShareCommand
{
    public static Command Create()
    {
        var (config, store) = (ModelSettings.ConfigOption(), ModelSettings.StoreOption());
        var listen = new Option<string>("--listen") { Description = "Where to listen.", DefaultValueFactory = _ => $"http://0.0.0.0:{PeerAddress.UsualPort}" };
        var command = new Command("share", "Give the store's files to devices of the same site, until it is stopped. They prove that they know the key of Hybrid:Models:Peers.") { listen, config, store };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var settings = ModelSettings.Open(parsed.GetValue(config), parsed.GetValue(store));
            var key = settings.Options.Models?.Peers?.Key ?? throw new HybridException(HybridError.Configuration, "Hybrid:Models:Peers:Key is not set, so nobody could prove that it belongs to the site. Nothing was opened. Give all devices the same secret.");
            if (!Uri.TryCreate(parsed.GetRequiredValue(listen), UriKind.Absolute, out var address))
                throw new HybridException(HybridError.InvalidRequest, $"--listen: '{parsed.GetValue(listen)}' is not an address such as http://0.0.0.0:{PeerAddress.UsualPort}.");
            using var logging = LoggerFactory.Create(logging => logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace));
            await using var server = PeerServer.Start(settings.Store, new() { Address = address, Key = key, Logger = logging.CreateLogger("Hybrid.Models.Peers") });
            await Console.Out.WriteLineAsync($"The models of '{settings.Store.Root}' are offered at {address}.");
            await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return ExitCode.Done;
        });
        return command;
    }
}
