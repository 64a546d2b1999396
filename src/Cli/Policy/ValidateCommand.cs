using System.CommandLine;
using Hybrid.Configuration;
using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Cli.Policy;

/// <summary><c>hybrid policy validate</c>: every error of a configuration with its key path, or what is configured.</summary>
internal static class ValidateCommand
{
    public static Command Create()
    {
        var config = PolicyCommand.ConfigOption();
        var command = new Command("validate", "Check the configuration: every error with its key path, or what is configured.") { config };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var configured = await ConfiguredPolicies.LoadAsync(parsed.GetValue(config));
            foreach (var line in Lines(configured))
                await Console.Out.WriteLineAsync(line.AsMemory(), cancellationToken);
            return ExitCode.Done;
        });
        return command;
    }

    private static IEnumerable<string> Lines(ConfiguredPolicies configured)
    {
        var options = configured.Options;
        yield return "The configuration is valid.";
        foreach (var policy in configured.All)
        {
            var bases = PolicyOrigins.Bases(policy.Name, configured.Section);
            yield return $"policy {policy.Name}"
                + (bases.Count > 0 ? $", based on {string.Join(", then ", bases)}" : ", preset")
                + (string.Equals(policy.Name, options.Policy, StringComparison.OrdinalIgnoreCase) ? "; the default" : "");
        }

        yield return $"privacy {Walls.Name(options.Privacy)}, where a request states none";
        foreach (var model in (LocalOptions[])[.. options.Local is { } local ? [local] : Array.Empty<LocalOptions>(), .. options.LocalModels.Values])
            yield return $"target {Words(model.Descriptor)}, {model.ModelPath}{(File.Exists(model.ModelPath) ? "" : " (not there)")}";
        foreach (var pool in options.Pools.Values)
            yield return $"target {Words(pool.Descriptor)}, {pool.Type} at {pool.Endpoint}";
        foreach (var remark in PolicyRemarks.Of(options))
            yield return $"note {remark}";
    }

    private static string Words(TargetDescriptor target) => $"{target.Name}: model {target.Model} in zone {target.Zone}";
}
