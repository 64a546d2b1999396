using System.CommandLine;

namespace Hybrid.Cli.Models;

/// <summary><c>hybrid models</c>: the models of this device, and those that could be.</summary>
internal static class ModelsCommand
{
    public static Command Create() => new("models", "The models of this device: list, look at, fetch, check, remove and bring them nearer.")
    {
        ListCommand.Create(),
        ShowCommand.Create(),
        PullCommand.Create(),
        VerifyCommand.Create(),
        RemoveCommand.Create(),
        PinCommand.Create("pin", "Keep clean-up away from a model.", (store, name) => store.Pin(name)),
        PinCommand.Create("unpin", "Let clean-up have a model again.", (store, name) => store.Unpin(name)),
        CollectCommand.Create(),
        PrefetchCommand.Create(),
        ShareCommand.Create(),
    };
}
