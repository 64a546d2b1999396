using System.CommandLine;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Hybrid.Configuration;
using Hybrid.Models.Store;

namespace Hybrid.Cli.Models;

/// <summary><c>hybrid models verify</c>: reads models whole and compares their digests.</summary>
internal static class VerifyCommand
{
    public static Command Create()
    {
        var (config, store, json) = (ModelSettings.ConfigOption(), ModelSettings.StoreOption(), ModelSettings.JsonOption());
        var name = new Argument<string?>("MODEL") { Description = "A model of the store; all if not given.", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("verify", "Read models whole and compare their SHA-256 with what was pulled; exit code 1 where one is damaged.") { name, config, store, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var models = ModelSettings.Open(parsed.GetValue(config), parsed.GetValue(store)).Store;
            ModelName[] names = parsed.GetValue(name) is { } one ? [ModelName.Parse(one)] : [.. models.List().Select(model => model.Name)];
            List<VerifiedModel> verified = [];
            foreach (var each in names) verified.Add(await VerifyAsync(models, each, cancellationToken));
            var report = new VerifyReport(verified);
            await ModelSettings.PrintAsync(parsed.GetValue(json), Text(report), () => JsonSerializer.Serialize(report, ModelsJson.Default.VerifyReport));
            return report.Models.All(model => model.Problems.Count == 0) ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    private static async Task<VerifiedModel> VerifyAsync(ModelStore store, ModelName name, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        var problems = await store.VerifyAsync(name, progress: null, cancellationToken);
        return new(name.ToString(), store.Find(name)?.Manifest?.Size ?? 0, Math.Round(Stopwatch.GetElapsedTime(began).TotalSeconds, 3), problems);
    }

    private static string Text(VerifyReport report)
    {
        var text = new StringBuilder();
        if (report.Models.Count == 0) text.AppendLine("There are no models in the store.");
        foreach (var model in report.Models)
            text.AppendLine(model.Problems.Count == 0 ? $"ok    {model.Name}, {ByteSize.Text(model.Bytes)} in {model.Seconds:0.0} s" : $"FAIL  {model.Name}: {string.Join(' ', model.Problems)}");
        return text.ToString();
    }
}
