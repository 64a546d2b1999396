using System.CommandLine;
using System.Text.Json;
using Hybrid.Configuration;
using Hybrid.Models.Store;

namespace Hybrid.Cli.Models;

/// <summary><c>hybrid models rm</c>: removes a model that nobody uses.</summary>
internal static class RemoveCommand
{
    public static Command Create()
    {
        var (config, store, json) = (ModelSettings.ConfigOption(), ModelSettings.StoreOption(), ModelSettings.JsonOption());
        var name = new Argument<string>("MODEL") { Description = "A model of the store." };
        var command = new Command("rm", "Remove a model; one that is loaded or pinned stays.") { name, config, store, json };
        command.SetAction(async (parsed, _) =>
        {
            var model = ModelName.Parse(parsed.GetRequiredValue(name));
            var removed = new RemovedModel(model.ToString(), ModelSettings.Open(parsed.GetValue(config), parsed.GetValue(store)).Store.Remove(model));
            await ModelSettings.PrintAsync(
                parsed.GetValue(json), $"Model '{removed.Name}' was removed; {ByteSize.Text(removed.FreedBytes)} were freed.\n", () => JsonSerializer.Serialize(removed, ModelsJson.Default.RemovedModel));
            return ExitCode.Done;
        });
        return command;
    }
}
