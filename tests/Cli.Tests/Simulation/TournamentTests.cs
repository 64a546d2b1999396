using Hybrid.Cli.Simulation;
using Hybrid.Policy;

namespace Hybrid.Cli.Tests.Simulation;

/// <summary>What the policy engine has to show on the standard traces.</summary>
public sealed class TournamentTests
{
    public static TheoryData<string, int> Runs
    {
        get
        {
            var runs = new TheoryData<string, int>();
            foreach (var kind in Trace.Kinds.Keys)
            {
                for (var seed = 1; seed <= 5; seed++)
                    runs.Add(kind, seed);
            }

            return runs;
        }
    }

    public static TheoryData<string> Kinds => [.. Trace.Kinds.Keys];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Over_five_seeds_ours_beats_every_other_even_those_that_leak(string kind)
    {
        var rows = new Tournament(StandardTargets.All, PolicyPresets.Balanced).Run(kind, 24, Enumerable.Range(1, 5));
        var ours = Near(rows);
        Assert.True(ours.ToHindsight <= 1.05, $"{ours.ToHindsight} of the least score in hindsight");
        Assert.All(Others(rows), row => Assert.True(ours.ScorePerThousand < row.ScorePerThousand, $"{row.Policy}: {row.ScorePerThousand}, ours {ours.ScorePerThousand}"));
        Assert.Equal(6, Others(rows).Count(row => row.Violations > 0));
    }

    // One seed alone may favour a rule that sends a secret to whoever is fastest; so here all keep the walls.
    [Theory]
    [MemberData(nameof(Runs))]
    public void On_each_seed_ours_is_near_the_oracle_and_beats_every_other_that_keeps_the_walls(string kind, int seed)
    {
        var rows = new Tournament(StandardTargets.All, PolicyPresets.Balanced, walled: true).Run(kind, 24, [seed]);
        var ours = Near(rows);
        Assert.True(ours.ToHindsight <= 1.05, $"{ours.ToHindsight} of the least score in hindsight");
        Assert.All(rows, row => Assert.Equal(0, row.Violations));
        Assert.All(Others(rows), row => Assert.True(ours.ScorePerThousand < row.ScorePerThousand, $"{row.Policy}: {row.ScorePerThousand}, ours {ours.ScorePerThousand}"));
    }

    [Theory]
    [InlineData("fast")]
    [InlineData("frugal")]
    [InlineData("green")]
    public void Where_all_keep_the_walls_ours_is_best_under_other_prices_too(string policy)
    {
        Assert.True(PolicyPresets.TryGet(policy, out var prices));
        foreach (var kind in Trace.Kinds.Keys)
        {
            var rows = new Tournament(StandardTargets.All, prices, walled: true).Run(kind, 24, [1]);
            var ours = Near(rows);
            Assert.All(rows, row => Assert.Equal(0, row.Violations));
            Assert.All(Others(rows), row => Assert.True(ours.ScorePerThousand < row.ScorePerThousand, $"{kind}, {row.Policy}"));
        }
    }

    [Fact]
    public void The_same_seed_gives_the_same_table()
    {
        var (one, again, other) = (Table(4), Table(4), Table(5));
        Assert.Equal(one, again);
        Assert.NotEqual(one, other);

        static string Table(int seed)
        {
            var rows = new Tournament(StandardTargets.All, PolicyPresets.Balanced).Run("bursty", 3, [seed]);
            return new SimulationReport("balanced", 3, [seed], [new("bursty", rows)]).ToJson();
        }
    }

    [Fact]
    public void Every_request_ends_once_under_every_rule()
    {
        var rows = new Tournament(StandardTargets.All, PolicyPresets.Balanced).Run("chat", 6, [2]);
        Assert.Single(rows.Select(row => row.Requests).Distinct());
        Assert.Equal(Trace.Kinds["chat"](6 * 3600, 2).Requests.Count, rows[0].Requests);
    }

    /// <summary>Ours, within a tenth of the oracle and without a leak.</summary>
    private static ScoreRow Near(IReadOnlyList<ScoreRow> rows)
    {
        var ours = rows.Single(row => row.Policy == "hybrid");
        Assert.Equal(0, ours.Violations);
        Assert.True(ours.ToOracle <= 1.1, $"{ours.ToOracle} of the oracle's score");
        Assert.Equal(9, rows.Count);
        return ours;
    }

    private static IEnumerable<ScoreRow> Others(IReadOnlyList<ScoreRow> rows) => rows.Where(row => row.Policy is not ("hybrid" or "oracle"));
}
