using System.Text;

namespace Hybrid.Policy.Replay;

/// <summary>A replay's report in words.</summary>
internal static class ReplayText
{
    public static string Of(ReplayReport report)
    {
        var text = new StringBuilder();
        var from = string.Join(", ", report.LoggedPolicies.Select(pair => $"{pair.Key} {pair.Value}"));
        text.AppendLine($"{report.Decisions} decisions ({from}) under policy '{report.Policy}' {report.Version}: {report.Moved} move ({report.MovedShare:P1})");
        text.AppendLine($"  {report.NewlyWithoutTarget} newly without a target, {report.NewlyWithTarget} newly with one");
        text.AppendLine($"  leaks: {report.PrivacyLeaks} to a zone their privacy class forbids, {report.OutsideLoggedPolicy} outside what their own policy allows");
        foreach (var target in report.Targets)
            text.AppendLine($"  {target.Name}: {target.Before} requests before, {target.After} after");
        text.AppendLine();
        text.AppendLine("per request: before -> after (95 % interval)");
        foreach (var metric in report.Metrics)
            text.AppendLine($"  {metric.Name}: {Mean(metric.Before, metric.Unit)} -> {Mean(metric.After, metric.Unit)}{Interval(metric.After)}");
        text.AppendLine($"  total time, 95 of 100 requests: {Figure(report.TotalTimeP95Before, "s")} -> {Figure(report.TotalTimeP95After, "s")}");
        text.AppendLine();
        text.AppendLine($"estimate: {report.Method}");
        text.AppendLine($"  {report.Corrected} requests corrected by what was measured, {report.ModelOnly} by the model alone; {report.Complete} of {report.Decisions} have a complete answer, {report.Explored} were explored");
        if (report.NotReproduced > 0)
            text.AppendLine($"  {report.NotReproduced} decisions would not be made as they were logged: another version of the engine made them");
        if (report.DamagedLines > 0)
            text.AppendLine($"  {report.DamagedLines} lines cannot be read and were left out; the first: {report.FirstDamage}");
        if (report.LostDecisions > 0)
            text.AppendLine($"  {report.LostDecisions} decisions are missing from the log, as it says itself");
        return text.ToString();
    }

    private static string Mean(Estimate? estimate, string unit) => Figure(estimate?.Mean, unit);

    private static string Figure(double? value, string unit) => value is not { } known ? "-" : unit == "$" ? "$" + Digits(known) : $"{Digits(known)} {unit}".TrimEnd();

    private static string Interval(Estimate? estimate) => estimate is { Low: { } low, High: { } high } ? $" ({Digits(low)} to {Digits(high)})" : "";

    private static string Digits(double value) => value == 0 ? "0" : Walls.Digits(value);
}
