using System.CommandLine;
using Hybrid.Cli.Simulation;
using Hybrid.Configuration;
using Hybrid.Policy;

namespace Hybrid.Cli.Policy;

/// <summary><c>hybrid policy simulate</c>: plays traces in virtual time against the policy and against simpler rules.</summary>
internal static class SimulateCommand
{
    private const double MostHours = 168;
    private const int MostRuns = 100;

    public static Command Create()
    {
        Option<string?> config = new("--config") { Description = "A JSON file with a \"Hybrid\" section whose targets are simulated; default: five standard targets." };
        Option<string?> policy = new("--policy") { Description = "balanced, fast, frugal, green, private, offline, or one of the configuration's; default: the configuration's, else balanced." };
        Option<double> hours = new("--hours") { Description = "Length of each trace, above 0 to 168.", DefaultValueFactory = _ => 24 };
        Option<int> seed = new("--seed") { Description = "Makes the trace, the noise and the faults; the same seed gives the same table.", DefaultValueFactory = _ => 1 };
        Option<int> runs = new("--runs") { Description = "Run this many seeds, from --seed on, into one table.", DefaultValueFactory = _ => 1 };
        Option<string?> trace = new("--trace") { Description = $"{string.Join(", ", Trace.Kinds.Keys)}; default: every one." };
        Option<bool> walls = new("--walls") { Description = "Let every rule keep the walls: what its targets may not see, the device takes." };
        Option<bool> json = new("--json") { Description = "One JSON object instead of tables." };
        var command = new Command("simulate", "Play traces against the policy, simpler rules and an oracle, in virtual time.") { config, policy, hours, seed, runs, trace, walls, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (targets, rules) = Read(parsed.GetValue(config), parsed.GetValue(policy));
            var tournament = new Tournament(targets, rules, parsed.GetValue(walls));
            var report = Simulate(tournament, rules.Name, parsed.GetValue(hours), parsed.GetValue(seed), parsed.GetValue(runs), parsed.GetValue(trace), cancellationToken);
            await Console.Out.WriteLineAsync((parsed.GetValue(json) ? report.ToJson() : report.ToText()).AsMemory(), cancellationToken);
            return ExitCode.Done;
        });
        return command;
    }

    private static SimulationReport Simulate(
        Tournament tournament, string policy, double hours, int seed, int runs, string? trace, CancellationToken cancellationToken)
    {
        if (!(hours is > 0 and <= MostHours))
            throw Bad($"--hours: {hours} is out of range; use above 0 to {MostHours}.");
        if (runs is < 1 or > MostRuns)
            throw Bad($"--runs: {runs} is out of range; use 1 to {MostRuns}.");
        if (trace is not null && !Trace.Kinds.ContainsKey(trace))
            throw Bad($"--trace: there is no trace '{trace}'; there are {string.Join(", ", Trace.Kinds.Keys)}.");
        int[] seeds = [.. Enumerable.Range(0, runs).Select(run => unchecked(seed + run))];
        List<SimulatedTrace> tables = [];
        foreach (var kind in trace is null ? Trace.Kinds.Keys : [trace])
        {
            cancellationToken.ThrowIfCancellationRequested();
            tables.Add(new(kind, tournament.Run(kind, hours, seeds)));
        }

        return new(policy, hours, seeds, tables);
    }

    private static (IReadOnlyList<SimulatedTarget> Targets, RoutingPolicy Policy) Read(string? file, string? policy)
    {
        var options = new HybridOptions();
        if (file is not null)
        {
            new HybridOptionsReader(CliConfiguration.Load(file, []).GetSection(HybridOptions.Section)).Configure(options);
            FigureRules.ThrowIfAny([.. options.Errors]);
        }

        var targets = file is null ? StandardTargets.All : StandardTargets.Of(options);
        var name = policy ?? options.Policy;
        if (options.Policies.TryGetValue(name, out var rules) || PolicyPresets.TryGet(name, out rules))
            return (targets, rules);
        var names = PolicyPresets.All.Select(preset => preset.Name).Concat(options.Policies.Keys).Distinct(StringComparer.OrdinalIgnoreCase);
        throw Bad($"--policy: there is no policy '{name}'; there are {string.Join(", ", names)}.");
    }

    private static HybridException Bad(string message) => new(HybridError.InvalidRequest, message + " Nothing was simulated.");
}
