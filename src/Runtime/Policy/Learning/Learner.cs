using Hybrid.Accounting;
using Hybrid.Policy.Log;

namespace Hybrid.Policy.Learning;

/// <summary>Learns from feedback and outcomes how far scores are off, for each task tag and target.</summary>
/// <remarks>
/// <para>Thread-safe; the same events in the same order teach the same. Votes and stated qualities are on different scales
/// (people are kinder or harsher than a benchmark), so a vote is taken as stated quality + what all votes have in common +
/// the bias of this target at this task + noise, each normal with mean 0; bias and common part are their expectations given
/// the votes. A single target's votes therefore move little: most of them could be the scale.</para>
/// <para>An outcome is the measured price, time and carbon at the policy's prices, over what was predicted for the median.</para>
/// </remarks>
internal sealed class Learner
{
    /// <summary>Answers that can still be rated.</summary>
    public const int MostAnswers = 10_000;

    /// <summary>Pairs of tag and target that are kept; the least recently used makes way.</summary>
    public const int MostCells = 1024;

    private const double CommonSpread = 0.3;
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Tag, string Target), BiasCell> _cells = [];
    private readonly Dictionary<string, Answer> _answers = [];
    private readonly Queue<string> _order = [];
    private double _common;
    private long _uses;

    /// <summary>What is known of a target at a kind of task.</summary>
    public LearnedBias Of(string? tag, string target)
    {
        lock (_lock)
            return _cells.TryGetValue((tag ?? "", target), out var cell) ? cell.Bias(_common) : LearnedBias.None;
    }

    /// <summary>Learns from an answer, and lets it be rated from now on; what delivered nothing cannot be rated.</summary>
    public void Settle(string id, in RequestProfile profile, IReadOnlyList<TargetSnapshot> targets, RoutingPolicy policy, Outcome outcome)
    {
        if (outcome.FirstTokenSeconds is null)
            return;
        var place = -1;
        for (var i = 0; i < targets.Count && place < 0; i++)
            place = targets[i].Descriptor.Name == outcome.OnlyTarget ? i : -1;
        lock (_lock)
        {
            Keep(id, place < 0 ? new(null, 0) : new((profile.Tag ?? "", targets[place].Descriptor.Name), CostModel.Quality(targets[place].Descriptor)));
            if (place >= 0 && outcome.IsComplete && !outcome.Cold && Ratio(profile, targets[place], policy, outcome) is { } ratio)
                Cell((profile.Tag ?? "", targets[place].Descriptor.Name)).Measure(ratio);
        }
    }

    /// <summary>Learns from a vote of 0 to 1; on an answer of several targets it teaches nothing, since it is nobody's own.</summary>
    /// <returns>False: the answer is not known or too old.</returns>
    public bool Vote(string id, double score)
    {
        lock (_lock)
        {
            if (!_answers.TryGetValue(id, out var answer))
                return false;
            _answers[id] = answer with { Score = score };
            if (answer.Cell is not { } key)
                return true;
            if (answer.Score is { } former)
                Cell(key).Replace(score - former);
            else
                Cell(key).Vote(score - answer.Quality);
            _common = Common();
            return true;
        }
    }

    private static double? Ratio(in RequestProfile profile, in TargetSnapshot target, RoutingPolicy policy, Outcome outcome)
    {
        var predicted = Prediction.Usual(profile, target);
        var ratio = LearnedBias.Priced(policy, outcome.Dollars, outcome.TotalSeconds, outcome.Grams)
            / LearnedBias.Priced(policy, predicted.Dollars, predicted.TotalSeconds, predicted.Grams);
        return double.IsFinite(ratio) ? ratio : null;
    }

    private double Common()
    {
        var (sum, weight) = (0.0, 1 / (CommonSpread * CommonSpread));
        foreach (var cell in _cells.Values)
        {
            sum += cell.Weight * cell.Surplus;
            weight += cell.Weight;
        }

        return sum / weight;
    }

    private BiasCell Cell((string Tag, string Target) key)
    {
        if (!_cells.TryGetValue(key, out var cell))
        {
            if (_cells.Count >= MostCells)
                _cells.Remove(_cells.MinBy(pair => pair.Value.UsedAt).Key);
            _cells[key] = cell = new();
        }

        cell.UsedAt = ++_uses;
        return cell;
    }

    private void Keep(string id, Answer answer)
    {
        if (!_answers.TryAdd(id, answer))
            return;
        _order.Enqueue(id);
        if (_order.Count > MostAnswers)
            _answers.Remove(_order.Dequeue());
    }

    /// <summary>An answer that can be rated.</summary>
    /// <param name="Cell">Whom a vote is about; null where several targets took part.</param>
    /// <param name="Quality">What was stated.</param>
    /// <param name="Score">The vote so far.</param>
    private readonly record struct Answer((string Tag, string Target)? Cell, double Quality, double? Score = null);
}
