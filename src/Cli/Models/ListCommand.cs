using System.CommandLine;
using System.Text;
using System.Text.Json;
using Hybrid.Configuration;
using Hybrid.Models.Catalogue;
using Hybrid.Models.Store;

namespace Hybrid.Cli.Models;

/// <summary><c>hybrid models list</c>: what is in the store, and with --known what could be.</summary>
internal static class ListCommand
{
    public static Command Create()
    {
        var (config, store, json) = (ModelSettings.ConfigOption(), ModelSettings.StoreOption(), ModelSettings.JsonOption());
        var known = new Option<bool>("--known") { Description = "Also the models of the catalogue." };
        var command = new Command("list", "The models of the store; exit code 1 where one cannot be used.") { config, store, known, json };
        command.SetAction(async (parsed, _) =>
        {
            var settings = ModelSettings.Open(parsed.GetValue(config), parsed.GetValue(store));
            var report = Report(settings.Store.List(), parsed.GetValue(known) ? settings.Known : null);
            await ModelSettings.PrintAsync(parsed.GetValue(json), Text(report, settings.Store.Root), () => JsonSerializer.Serialize(report, ModelsJson.Default.ModelList));
            return report.Models.All(model => model.Problem is null) ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    private static ModelList Report(IReadOnlyList<StoredModel> stored, KnownModels? known) => new(
        [.. stored.Select(model => new ListedModel(model.Name.ToString(), model.Manifest?.Size, model.Manifest?.Source, model.Manifest?.Licence, model.Manifest is null ? null : model.LastUsed, model.Pinned, model.InUse, model.Problem))],
        known is null ? null : [.. known.All.Select(model => new ListedKnown(model.Name, model.Title, model.ParametersBillions, model.Accuracy is { } accuracy ? Math.Round(accuracy, 3) : null, Kind(model), model.Licence, model.Reference))]);

    private static string? Kind(KnownModel model) => model.Accuracy is null ? null : model.MeasuredAccuracy is null ? "estimated" : "measured";

    private static string Text(ModelList report, string root)
    {
        var text = new StringBuilder();
        if (report.Models.Count == 0) text.AppendLine($"There are no models in the store '{root}'.");
        var width = report.Models.Select(model => model.Name.Length).DefaultIfEmpty().Max();
        foreach (var model in report.Models)
        {
            var marks = string.Join(", ", new[] { model.InUse ? "in use" : null, model.Pinned ? "pinned" : null, model.Problem }.OfType<string>());
            text.AppendLine($"{model.Name.PadRight(width)}  {(model.Bytes is { } bytes ? ByteSize.Text(bytes) : "-"),10}  {(model.LastUsed is { } used ? $"{used:yyyy-MM-dd HH:mm}Z" : "-"),17}  {model.Source ?? "-"}  {marks}".TrimEnd());
        }

        if (report.Known is null) return text.ToString();
        var names = report.Known.Max(model => model.Name.Length);
        text.AppendLine().AppendLine($"{"known".PadRight(names)}  parameters  accuracy            where from");
        foreach (var model in report.Known)
            text.AppendLine($"{model.Name.PadRight(names)}  {(model.ParametersBillions is { } billions ? $"{billions:0.###} B" : "-"),10}  {(model.Accuracy is { } accuracy ? $"{accuracy:0.000} {model.AccuracyKind}" : "-"),-18}  {model.Reference ?? "-"}");
        return text.ToString();
    }
}
