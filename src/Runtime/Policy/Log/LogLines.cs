using System.Buffers;
using System.Text.Json;
using Hybrid.Policy.Learning;
using Hybrid.Targets;

namespace Hybrid.Policy.Log;

/// <summary>Turns events into lines; a policy's and a target's figures come before the first decision of a file that rests on them. Not thread-safe.</summary>
internal sealed class LogLines
{
    /// <summary>Versions that are kept; beyond, all are forgotten and written again.</summary>
    private const int MostKnown = 1000;

    private readonly ArrayBufferWriter<byte> _buffer = new();
    private readonly Dictionary<RoutingPolicy, string> _policies = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<TargetDescriptor, string> _targets = [];

    public ReadOnlySpan<byte> Written => _buffer.WrittenSpan;

    public void Clear() => _buffer.ResetWrittenCount();

    /// <summary>Forgets what was written, since a file begins.</summary>
    public void Restart()
    {
        _policies.Clear();
        _targets.Clear();
    }

    public void Add(LogItem item)
    {
        if (_policies.Count + _targets.Count > MostKnown)
            Restart();
        var record = new LogRecord { Time = item.Time, Id = item.Id, Outcome = item.Outcome, Feedback = item.Score };
        Add(item.Decision is { } decision
            ? record with { Decision = LoggedDecision.Of(decision, item.Learned, Version(decision.Rules, item.Time), target => Version(target, item.Time)) }
            : record);
    }

    public void Add(LogRecord record)
    {
        using (var writer = new Utf8JsonWriter(_buffer))
            LogJson.Write(writer, record);
        _buffer.Write("\n"u8);
    }

    private string Version(RoutingPolicy policy, DateTimeOffset time)
    {
        if (_policies.TryGetValue(policy, out var known))
            return known;
        var version = _policies[policy] = policy.Version;
        Add(new LogRecord { Time = time, Id = version, Policy = policy });
        return version;
    }

    private string Version(TargetDescriptor target, DateTimeOffset time)
    {
        if (_targets.TryGetValue(target, out var known))
            return known;
        var version = _targets[target] = LogJson.Version(target);
        Add(new LogRecord { Time = time, Id = version, Target = target });
        return version;
    }
}

/// <summary>Something to write down; one of decision, outcome and score is set.</summary>
internal sealed record LogItem(DateTimeOffset Time, string Id)
{
    public Decision? Decision { get; init; }

    public LearnedBias[] Learned { get; init; } = [];

    public Outcome? Outcome { get; init; }

    public double? Score { get; init; }
}
