using Hybrid.Policy;

namespace Hybrid.Tests.Policy;

/// <summary>What holds for a hundred thousand random policies, targets and requests, nonsense included.</summary>
public class PropertyTests
{
    private const int Rounds = 100_000;
    private static readonly Wall[] Walls = Enum.GetValues<Wall>();

    [Fact]
    public void No_wall_is_ever_crossed_and_none_stands_without_a_reason()
    {
        var input = new AnyInput(new Random(20260401));
        var hit = new int[Walls.Length];
        var admitted = 0;
        var (checks, unsure) = (0, 0);
        for (var round = 0; round < Rounds; round++)
        {
            var (policy, profile, targets) = (input.Policy(), input.Profile(), input.Targets());
            var scores = new TargetScore[targets.Length];
            var best = PolicyEngine.Score(profile, targets, policy, scores);
            for (var i = 0; i < targets.Length; i++)
            {
                var oracle = new WallOracle(profile, policy, targets[i]);
                foreach (var wall in Walls)
                {
                    var expected = oracle.Hits(wall);
                    checks++;
                    if (expected is null) unsure++;
                    else if (scores[i].Walls.Has(wall) != expected) Assert.Fail($"round {round}, target {i}: {wall} should be {expected}\n{profile}\n{policy}\n{targets[i]}");
                    if (expected is true) hit[(int)wall]++;
                }

                if (scores[i].Admitted) admitted++;
            }

            Assert.Equal(best < 0, !scores.Any(score => score.Admitted));
            Assert.True(best < 0 || scores[best].Admitted, $"round {round}: {best} was chosen behind a wall");
        }

        // Else the property would hold by never being put to the test.
        Assert.All(Walls, wall => Assert.True(hit[(int)wall] > 1000, $"{wall} was hit {hit[(int)wall]} times"));
        Assert.InRange(admitted, Rounds / 10, Rounds * 2);
        Assert.InRange(unsure, 0, checks / 100);
    }

    [Fact]
    public void The_chosen_one_is_the_first_of_the_lowest_score()
    {
        var input = new AnyInput(new Random(20260402));
        var chosen = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var (policy, profile, targets) = (input.Policy(), input.Profile(), input.Targets());
            var scores = new TargetScore[targets.Length];
            var best = PolicyEngine.Score(profile, targets, policy, scores);
            if (best < 0) continue;
            chosen++;
            var oracles = targets.Select(target => new WallOracle(profile, policy, target)).ToArray();
            var most = Enumerable.Range(0, targets.Length).Where(i => scores[i].Admitted).Max(i => oracles[i].Quality);
            for (var i = 0; i < targets.Length; i++)
            {
                if (!scores[i].Admitted) continue;
                var dollars = oracles[i].Dollars + ((most - oracles[i].Quality) * 100 * policy.DollarsPerQualityPoint);
                var tolerance = 1e-9 * Math.Max(Math.Abs(dollars), Math.Abs(oracles[i].Dollars) + Math.Abs(targets[i].LearnedDollars) + Math.Abs(policy.DollarsPerQualityPoint));
                if (Math.Abs(scores[i].ScoreDollars - dollars) > tolerance && Math.Abs(dollars) < 1e280) Assert.Fail($"round {round}, target {i}: {scores[i].ScoreDollars} should be {dollars}");
                if (i < best ? scores[i].ScoreDollars <= scores[best].ScoreDollars : scores[i].ScoreDollars < scores[best].ScoreDollars) Assert.Fail($"round {round}: {i} is better than {best}");
            }
        }

        Assert.InRange(chosen, Rounds / 10, Rounds);
    }

    [Fact]
    public void The_same_inputs_give_the_same_decision_to_the_byte()
    {
        var (first, second) = (new AnyInput(new Random(20260403)), new AnyInput(new Random(20260403)));
        for (var round = 0; round < Rounds / 10; round++)
        {
            var one = Decide(first);
            var other = Decide(second);
            Assert.Equal(one.ToJson(), other.ToJson());
            Assert.Equal(one.Explain(), other.Explain());
        }

        static Decision Decide(AnyInput input)
        {
            var (policy, profile, targets) = (input.Policy(), input.Profile(), input.Targets());
            return PolicyEngine.Decide(profile, targets, policy);
        }
    }

    [Fact]
    public void The_order_of_the_targets_changes_no_score()
    {
        var random = new Random(20260404);
        var input = new AnyInput(random);
        for (var round = 0; round < Rounds / 10; round++)
        {
            var (policy, profile, targets) = (input.Policy(), input.Profile(), input.Targets());
            var scores = new TargetScore[targets.Length];
            PolicyEngine.Score(profile, targets, policy, scores);
            var order = Enumerable.Range(0, targets.Length).ToArray();
            random.Shuffle(order);
            var shuffled = new TargetScore[targets.Length];
            PolicyEngine.Score(profile, order.Select(i => targets[i]).ToArray(), policy, shuffled);
            for (var i = 0; i < order.Length; i++)
                Assert.Equal(scores[order[i]], shuffled[i]);
        }
    }

    [Fact]
    public void Scoring_allocates_nothing_whatever_the_input()
    {
        var input = new AnyInput(new Random(20260405));
        var scores = new TargetScore[8];
        for (var round = 0; round < Rounds / 10; round++)
        {
            var (policy, profile, targets) = (input.Policy(), input.Profile(), input.Targets());
            Assert.True(Allocations.Steady(() => PolicyEngine.Score(profile, targets, policy, scores)) == 0, $"round {round} allocated");
        }
    }
}
