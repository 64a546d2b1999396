using System.CommandLine;
using Hybrid.Policy.Replay;

namespace Hybrid.Cli.Policy;

/// <summary><c>hybrid policy replay</c>: what another policy would have changed about the decisions of a log.</summary>
internal static class ReplayCommand
{
    public static Command Create()
    {
        var logs = new Argument<string[]>("log") { Description = "Files of a decision log, the oldest first.", Arity = ArgumentArity.OneOrMore };
        var file = new Option<string?>("--policy") { Description = "A JSON file with a \"Hybrid\" section that has the other policy." };
        var name = new Option<string?>("--name") { Description = "Which of its policies, or a preset; default: the file's default policy, or the only one." };
        var json = new Option<bool>("--json") { Description = "One JSON object on standard output; text for people goes to standard error." };
        var command = new Command("replay", "Decide a decision log again under another policy, and show what would have changed. Nothing is sent.") { logs, file, name, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var policy = PolicyFile.Read(parsed.GetValue(file), parsed.GetValue(name));
            var report = Run(parsed.GetValue(logs)!, policy);
            await (parsed.GetValue(json) ? Console.Error : Console.Out).WriteAsync(ReplayText.Of(report).AsMemory(), cancellationToken);
            if (parsed.GetValue(json))
                await Console.Out.WriteLineAsync(report.ToJson().AsMemory(), cancellationToken);
            return report.PrivacyLeaks == 0 ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    private static ReplayReport Run(string[] logs, Hybrid.Policy.RoutingPolicy policy)
    {
        try
        {
            var report = PolicyReplay.Run(logs, policy);
            if (report.Decisions > 0)
                return report;
            var damage = report.DamagedLines > 0 ? $" {report.DamagedLines} lines cannot be read; the first: {report.FirstDamage}." : "";
            throw new HybridException(HybridError.InvalidRequest, $"There is no decision in {string.Join(", ", logs)}.{damage} Name the file of Hybrid:DecisionLog:Path.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new HybridException(HybridError.InvalidRequest, $"The log cannot be read: {exception.Message.TrimEnd('.')}. Nothing was replayed.", exception);
        }
    }
}
