using System.CommandLine;
using System.Text;
using System.Text.Json;
using Hybrid.Configuration;

namespace Hybrid.Cli.Models;

/// <summary><c>hybrid models show</c>: what is known of a model, and whether it fits this machine.</summary>
internal static class ShowCommand
{
    private const int UsualContext = 4096;

    public static Command Create()
    {
        var (config, store, json) = (ModelSettings.ConfigOption(), ModelSettings.StoreOption(), ModelSettings.JsonOption());
        var name = new Argument<string>("MODEL") { Description = "A model of the store (qwen3-0.6b:q8_0), or of the catalogue (qwen3-0.6b, qwen3-4b:Q4_K_M)." };
        var context = new Option<int>("--context") { Description = "Tokens of one request that the memory is counted with.", DefaultValueFactory = _ => UsualContext };
        var command = new Command("show", "What is known of a model, and whether it fits this machine; exit code 1 where it does not.") { name, context, config, store, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var tokens = parsed.GetValue(context);
            if (tokens < 16) throw new HybridException(HybridError.InvalidRequest, $"--context: {tokens} is out of range; use 16 or more.");
            var settings = ModelSettings.Open(parsed.GetValue(config), parsed.GetValue(store));
            var shown = await new ModelLook(settings, tokens).AtAsync(parsed.GetRequiredValue(name), cancellationToken);
            await ModelSettings.PrintAsync(parsed.GetValue(json), Text(shown), () => JsonSerializer.Serialize(shown, ModelsJson.Default.ShownModel));
            return shown.Fits == false || shown.Problem is not null ? ExitCode.Failed : ExitCode.Done;
        });
        return command;
    }

    private static string Text(ShownModel model)
    {
        var text = new StringBuilder();
        Line("model", model.Title is null ? model.Name : $"{model.Name} ({model.Title})");
        Line("in the store", model.Stored ? "yes" : "no");
        Line("from", model.Revision is null ? model.Source : $"{model.Source} at {model.Revision}");
        Line("licence", model.Licence);
        Line("parameters", model.ParametersBillions is { } billions ? $"{billions:0.###} B{(model.ActiveParametersBillions is { } active ? $", {active:0.###} B of them in each token" : "")}" : null);
        Line("context", model.ContextLength is { } length ? $"{length} tokens" : null);
        Line("accuracy", model.Accuracy is { } accuracy ? $"{accuracy:0.000}, {model.AccuracyKind}{(model.AccuracySource is { } by ? $" ({by})" : "")}" : null);
        Line("rented", model.DollarsPerHour is { } dollars ? $"${dollars:0.##} an hour" : null);
        foreach (var file in model.Files) Line("file", $"{file.Outside ?? file.Path}, {ByteSize.Text(file.Bytes)}, sha256 {file.Sha256}");
        foreach (var one in model.Quantisations)
            Line(one.Name, $"{Size(one.FileBytes)} on disk, {Size(one.MemoryBytes)} of memory with {model.CountedContext} tokens{one.Fits switch { true => ", fits", false => ", does not fit", _ => "" }}");
        Line("problem", model.Problem);
        Line("fits", $"{model.Fits switch { true => "yes", false => "no", _ => "not known" }}: {model.Why}");
        Line("instead", model.Instead);
        return text.ToString();

        void Line(string what, string? value)
        {
            if (value is not null) text.AppendLine($"{what,-13} {value}");
        }
    }

    private static string Size(long? bytes) => bytes is { } known ? ByteSize.Text(known) : "?";
}
