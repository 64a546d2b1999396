using System.CommandLine;
using System.Text;
using System.Text.Json;
using Hybrid.Configuration;

namespace Hybrid.Cli.Models;

/// <summary><c>hybrid models gc</c>: cleans up the store.</summary>
internal static class CollectCommand
{
    public static Command Create()
    {
        var (config, store, json) = (ModelSettings.ConfigOption(), ModelSettings.StoreOption(), ModelSettings.JsonOption());
        var quota = new Option<string?>("--quota") { Description = "Bytes that may stay, such as 20GiB; default: Hybrid:Models:Quota, else no limit." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say what would go." };
        var command = new Command("gc", "Remove what nobody finished fetching, what no name refers to, and, over the quota, the least recently used models; exit code 1 where the quota cannot be kept.") { quota, dryRun, config, store, json };
        command.SetAction(async (parsed, _) =>
        {
            var most = parsed.GetValue(quota) is { } text
                ? ByteSize.TryParse(text, out var bytes) ? bytes : throw new HybridException(HybridError.InvalidRequest, $"--quota: '{text}' is not an amount of memory; write {ByteSize.Example}.")
                : (long?)null;
            var done = ModelSettings.Open(parsed.GetValue(config), parsed.GetValue(store)).Store.Collect(new() { Quota = most, DryRun = parsed.GetValue(dryRun) });
            var report = new CollectedModels([.. done.Removed.Select(name => name.ToString())], done.Unfinished, done.Orphans, done.FreedBytes, done.UsedBytes, done.WithinQuota, parsed.GetValue(dryRun), done.Problems);
            await ModelSettings.PrintAsync(parsed.GetValue(json), Text(report), () => JsonSerializer.Serialize(report, ModelsJson.Default.CollectedModels));
            return report.WithinQuota ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    private static string Text(CollectedModels report)
    {
        var text = new StringBuilder();
        var would = report.DryRun ? "would be " : "";
        foreach (var name in report.Removed) text.AppendLine($"{name} {would}removed");
        if (report.Unfinished > 0) text.AppendLine($"{report.Unfinished} unfinished files {would}removed");
        if (report.Orphans > 0) text.AppendLine($"{report.Orphans} files of no model {would}removed");
        foreach (var problem in report.Problems) text.AppendLine($"left alone: {problem}");
        text.AppendLine($"{ByteSize.Text(report.FreedBytes)} {would}freed, {ByteSize.Text(report.UsedBytes)} stay{(report.WithinQuota ? "" : "; that is more than the quota, and the rest is loaded, pinned or too young")}");
        return text.ToString();
    }
}
