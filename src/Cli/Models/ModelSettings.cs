using System.CommandLine;
using Hybrid.Configuration;
using Hybrid.Models.Catalogue;
using Hybrid.Models.Store;

namespace Hybrid.Cli.Models;

/// <summary>What the verbs of <c>hybrid models</c> share: the settings, the store, and how a report is printed.</summary>
internal sealed record ModelSettings(HybridOptions Options, ModelStore Store, KnownModels Known)
{
    public static Option<string?> ConfigOption() => new("--config") { Description = "A JSON file with a \"Hybrid\" section; default: hybrid.json in the working folder, if there is one." };

    public static Option<string?> StoreOption() => new("--store") { Description = "The folder of the store; default: Hybrid:Models:Root." };

    public static Option<bool> JsonOption() => new("--json") { Description = "One JSON object on standard output; text for people goes to standard error." };

    /// <summary>Reads the settings and opens the store.</summary>
    /// <param name="config">A file; null: as every verb finds its settings.</param>
    /// <param name="store">A folder in the place of the configured one.</param>
    public static ModelSettings Open(string? config, string? store)
    {
        var settings = CliConfiguration.Load(config, store is null ? [] : [new("Hybrid:Models:Root", Path.GetFullPath(store))]);
        var options = new HybridOptions();
        new HybridOptionsReader(settings.GetSection(HybridOptions.Section)).Configure(options);
        List<string> errors = [.. options.Errors];
        ModelsReader.CheckFiles(options.Models, errors);
        FigureRules.ThrowIfAny(errors);
        var models = options.Models ?? new();
        return new(options, models.OpenStore(TimeProvider.System), ModelsReader.Catalogue(models));
    }

    /// <summary>Text for people, and JSON for scripts.</summary>
    public static async Task PrintAsync(bool asJson, string text, Func<string> json)
    {
        await (asJson ? Console.Error : Console.Out).WriteAsync(text);
        if (asJson) await Console.Out.WriteLineAsync(json());
    }
}
