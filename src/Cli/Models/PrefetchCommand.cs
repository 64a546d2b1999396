using System.CommandLine;
using System.Text.Json;
using Hybrid.Models.Prefetch;
using Hybrid.Models.Store;

namespace Hybrid.Cli.Models;

/// <summary><c>hybrid models prefetch</c>: brings a model nearer now, or says what is expected.</summary>
internal static class PrefetchCommand
{
    public static Command Create()
    {
        var (config, store, json) = (ModelSettings.ConfigOption(), ModelSettings.StoreOption(), ModelSettings.JsonOption());
        var name = new Argument<string?>("MODEL") { Description = "A model of the store; if not given, what was learned and configured is shown as a plan for a day.", Arity = ArgumentArity.ZeroOrOne };
        var level = new Option<PrefetchLevel>("--level") { Description = "primed: into the page cache; loaded: also loaded once, to see that it can be.", DefaultValueFactory = _ => PrefetchLevel.Primed };
        var command = new Command("prefetch", "Bring a model into the page cache, or show what a prefetcher would do in the next 24 hours.") { name, level, config, store, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var settings = ModelSettings.Open(parsed.GetValue(config), parsed.GetValue(store));
            if (parsed.GetValue(name) is not { } text)
            {
                var plan = PrefetchNow.Plan(settings, TimeProvider.System);
                await ModelSettings.PrintAsync(parsed.GetValue(json), PrefetchNow.Text(plan), () => JsonSerializer.Serialize(plan, ModelsJson.Default.PrefetchPlan));
                return ExitCode.Done;
            }

            var done = await PrefetchNow.BringAsync(settings, ModelName.Parse(text), parsed.GetValue(level), cancellationToken);
            await ModelSettings.PrintAsync(parsed.GetValue(json), PrefetchNow.Text(done), () => JsonSerializer.Serialize(done, ModelsJson.Default.PrefetchedNow));
            return ExitCode.Done;
        });
        return command;
    }
}
