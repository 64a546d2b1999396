using System.CommandLine;
using Hybrid.Models.Store;

namespace Hybrid.Cli.Models;

/// <summary><c>hybrid models pin</c> and <c>unpin</c>.</summary>
internal static class PinCommand
{
    public static Command Create(string verb, string description, Action<ModelStore, ModelName> run)
    {
        var (config, store) = (ModelSettings.ConfigOption(), ModelSettings.StoreOption());
        var name = new Argument<string>("MODEL") { Description = "A model of the store." };
        var command = new Command(verb, description) { name, config, store };
        command.SetAction(async (parsed, _) =>
        {
            var model = ModelName.Parse(parsed.GetRequiredValue(name));
            run(ModelSettings.Open(parsed.GetValue(config), parsed.GetValue(store)).Store, model);
            await Console.Out.WriteLineAsync($"Model '{model}' is {verb}ned.");
            return ExitCode.Done;
        });
        return command;
    }
}
