using System.Text.Json;
using Hybrid.Configuration;
using Hybrid.Targets;

namespace Hybrid.Policy.Log;

/// <summary>Something that the log tells of a request.</summary>
internal abstract record LogEntry(string Id);

/// <summary>A decision with all it rested on.</summary>
internal sealed record DecisionEntry(string Id, DateTimeOffset Time, LoggedDecision Logged, TargetSnapshot[] Snapshots, RoutingPolicy Policy) : LogEntry(Id);

/// <summary>What came of a decision.</summary>
internal sealed record OutcomeEntry(string Id, Outcome Outcome) : LogEntry(Id);

/// <summary>How good an answer was, 0 to 1.</summary>
internal sealed record FeedbackEntry(string Id, double Score) : LogEntry(Id);

/// <summary>Reads the log's files, oldest first; a line that makes no sense is passed over and counted.</summary>
internal sealed class LogReader
{
    private readonly Dictionary<string, RoutingPolicy> _policies = [];
    private readonly Dictionary<string, TargetDescriptor> _targets = [];

    /// <summary>Lines that cannot be read.</summary>
    public int Damaged { get; private set; }

    /// <summary>Where the first of them is, and why; empty where there is none.</summary>
    public string FirstDamage { get; private set; } = "";

    /// <summary>Decisions that the log itself says are missing.</summary>
    public long LostDecisions { get; private set; }

    public IEnumerable<LogEntry> Read(IReadOnlyList<string> paths)
    {
        foreach (var path in paths)
        {
            var number = 0;
            foreach (var line in LineReader.Read(path))
            {
                number++;
                if (line is { Length: 0 })
                    continue;
                if (Understand(line, out var reason) is { } entry)
                    yield return entry;
                else if (reason is not null)
                    Damage($"{path}:{number}: {reason}");
            }
        }
    }

    private void Damage(string what)
    {
        if (Damaged++ == 0)
            FirstDamage = what;
    }

    private LogEntry? Understand(ReadOnlyMemory<byte>? line, out string? damage)
    {
        damage = null;
        if (line is not { } bytes)
        {
            damage = $"it is longer than {LineReader.MostBytes} bytes";
            return null;
        }

        try
        {
            return Entry(LogJson.Read(bytes.Span) ?? throw new JsonException("it is null"));
        }
        catch (Exception error) when (error is JsonException or HybridException or NotSupportedException)
        {
            damage = error.Message.ReplaceLineEndings(" ");
            return null;
        }
    }

    private LogEntry? Entry(LogRecord record)
    {
        if (record.Lost is { } lost)
        {
            LostDecisions += Math.Max(0, lost.Decisions);
            return null;
        }

        var id = record.Id ?? throw new JsonException("it has no id");
        List<string> errors = [];
        if (record.Policy is { } policy)
        {
            FigureRules.Check(policy, "policy", errors);
            FigureRules.ThrowIfAny(errors);
            _policies[id] = policy;
            return null;
        }

        if (record.Target is { } target)
        {
            FigureRules.Check(target, "target", errors);
            FigureRules.ThrowIfAny(errors);
            _targets[id] = target;
            return null;
        }

        if (record.Decision is { } decision)
            return Entry(id, record.Time, decision);
        if (record.Outcome is { } outcome)
            return double.IsFinite(outcome.Dollars + outcome.Grams + outcome.TotalSeconds) ? new OutcomeEntry(id, outcome) : throw new JsonException("a figure of the outcome is not finite");
        return record.Feedback is { } score and >= 0 and <= 1 ? new FeedbackEntry(id, score) : throw new JsonException("it is no record of the decision log");
    }

    private DecisionEntry Entry(string id, DateTimeOffset time, LoggedDecision decision)
    {
        if (!_policies.TryGetValue(decision.Version, out var policy))
            throw new JsonException($"the figures of policy '{decision.Policy}' {decision.Version} are not in the log before it");
        var snapshots = new TargetSnapshot[decision.Targets.Count];
        for (var i = 0; i < snapshots.Length; i++)
        {
            var target = decision.Targets[i];
            if (!_targets.TryGetValue(target.Figures, out var descriptor) || descriptor.Name != target.Name)
                throw new JsonException($"the figures of target '{target.Name}' {target.Figures} are not in the log before it");
            if (!(target.Propensity is >= 0 and <= 1))
                throw new JsonException($"the propensity of target '{target.Name}' is {target.Propensity}");
            snapshots[i] = target.Snapshot(descriptor);
        }

        if (decision.Chosen is { } chosen && !decision.Targets.Any(target => target.Name == chosen))
            throw new JsonException($"the chosen target '{chosen}' is none of its targets");
        return new(id, time, decision, snapshots, policy);
    }
}
