using Hybrid.Engines.LlamaCpp.Prefixes;

namespace Hybrid.Tests.Engines.LlamaCpp.Prefixes;

public sealed class PrefixTreeTests
{
    [Fact]
    public void The_second_turn_of_a_chat_pays_for_what_is_new_alone()
    {
        var (cells, tree) = Make(capacity: 100);
        var first = Run(cells, tree, Tokens(0, 20), answer: 10);
        Assert.Equal(29, tree.Match([.. first, 99, 98])); // the last token of an answer is never decoded
        var lease = tree.Admit([.. first, 99, 98], 40)!;
        Assert.Equal(29, lease.Filled);
        Assert.Equal(first[..29], cells.Of(lease.Sequence));
    }

    [Fact]
    public void Branches_share_the_cells_of_their_common_prefix()
    {
        var (cells, tree) = Make(capacity: 200);
        var system = Tokens(0, 50);
        Run(cells, tree, [.. system, 1, 2, 3], answer: 2);
        Run(cells, tree, [.. system, 4, 5, 6], answer: 2);
        Assert.Equal(50 + 4 + 4, cells.Used);
        Assert.Equal(cells.Used, tree.Used);
    }

    [Fact]
    public void Prompts_that_were_prefilled_side_by_side_are_kept_once()
    {
        var (cells, tree) = Make(capacity: 200);
        var prompt = Tokens(0, 30);
        var (one, other) = (tree.Admit(prompt, 40)!, tree.Admit(prompt, 40)!);
        Fill(cells, tree, one, prompt);
        Fill(cells, tree, other, prompt);
        Assert.Equal(60, cells.Used);
        tree.Publish(one, prompt);
        tree.Publish(other, prompt);
        Assert.Equal(30, cells.Used);
        Assert.Equal(prompt, cells.Of(other.Sequence));
    }

    [Fact]
    public void A_request_waits_where_its_cells_cannot_be_had_and_gets_them_when_another_ends()
    {
        var (cells, tree) = Make(capacity: 64);
        var first = tree.Admit(Tokens(0, 10), 40)!;
        Assert.Null(tree.Admit(Tokens(100, 10), 30));
        Fill(cells, tree, first, Tokens(0, 10));
        tree.Release(first, Tokens(0, 10));
        Assert.NotNull(tree.Admit(Tokens(100, 10), 30));
    }

    [Fact]
    public void The_prefix_that_was_used_longest_ago_goes_first()
    {
        var (cells, tree) = Make(capacity: 300, keep: 100);
        var (old, recent) = (Tokens(0, 60), Tokens(1000, 60));
        Run(cells, tree, old, answer: 1);
        Run(cells, tree, recent, answer: 1);
        Run(cells, tree, [.. old, 7], answer: 1);
        Assert.True(tree.Match(old) == 60);
        Assert.True(tree.Match(recent) < 60);
    }

    [Fact]
    public void Without_reuse_nothing_stays()
    {
        var (cells, tree) = Make(capacity: 100, keep: 0);
        Run(cells, tree, Tokens(0, 20), answer: 5);
        Assert.Equal(0, cells.Used);
        Assert.Equal(0, tree.Used);
        Assert.Equal(0, tree.Admit(Tokens(0, 20), 30)!.Filled);
    }

    [Theory]
    [InlineData(1, 256, 128, 8)]
    [InlineData(2, 300, 40, 5)]
    [InlineData(3, 120, 60, 4)]
    [InlineData(4, 500, 499, 200)]
    [InlineData(5, 90, 0, 3)]
    public void Whatever_comes_each_request_sees_its_own_tokens_and_the_cache_is_never_full(int seed, int capacity, int keep, int sequences)
    {
        var random = new Random(seed);
        var cells = new MarkedCells(capacity);
        var tree = new PrefixTree(cells, capacity, keep, sequences);
        var running = new List<(PrefixLease Lease, List<int> Tokens, int Prompt)>();
        var roots = Enumerable.Range(0, 4).Select(root => Tokens(root * 1000, 40)).ToArray();
        for (var step = 0; step < 4000; step++)
        {
            if (random.Next(3) == 0)
            {
                var prompt = roots[random.Next(roots.Length)].Take(random.Next(1, 40)).Concat(Enumerable.Range(0, random.Next(1, 12)).Select(_ => random.Next(3))).ToList();
                var limit = Math.Min(capacity, prompt.Count + random.Next(1, 20));
                if (tree.Admit([.. prompt], limit) is { } lease)
                {
                    Assert.True(lease.Filled < prompt.Count);
                    running.Add((lease, prompt, prompt.Count));
                }
            }

            if (running.Count == 0)
                continue;
            var at = random.Next(running.Count);
            var (mine, tokens, length) = running[at];
            Assert.Equal(tokens.Take(mine.Filled), cells.Of(mine.Sequence));
            var left = Math.Min(Math.Max(1, length - mine.Filled), random.Next(1, 9));
            if (tokens.Count >= mine.Limit || random.Next(12) == 0)
            {
                tree.Release(mine, tokens.ToArray());
                running.RemoveAt(at);
            }
            else
            {
                tree.Reserve(left);
                for (var i = 0; i < left; i++)
                    cells.Fill(mine.Sequence, mine.Filled + i, tokens[mine.Filled + i]);
                tree.Fill(mine, mine.Filled + left);
                if (mine.Filled == length)
                    tree.Publish(mine, tokens.ToArray());
                if (mine.Filled >= length)
                    tokens.Add(random.Next(3));
            }

            Assert.Equal(cells.Used, tree.Used);
        }

        foreach (var (lease, tokens, _) in running)
            tree.Release(lease, tokens.ToArray());
        Assert.Equal(cells.Used, tree.Used);
        Assert.True(tree.Used <= keep, $"{tree.Used} cells stay and {keep} may");
    }

    private static (MarkedCells Cells, PrefixTree Tree) Make(int capacity, int? keep = null)
    {
        var cells = new MarkedCells(capacity);
        return (cells, new PrefixTree(cells, capacity, keep ?? capacity, sequences: 16));
    }

    private static int[] Tokens(int first, int count) => [.. Enumerable.Range(first, count)];

    private static int[] Run(MarkedCells cells, PrefixTree tree, int[] prompt, int answer)
    {
        int[] all = [.. prompt, .. Tokens(5000, answer)];
        var lease = tree.Admit(prompt, all.Length)!;
        Fill(cells, tree, lease, prompt);
        tree.Publish(lease, all);
        Fill(cells, tree, lease, all[..^1]);
        tree.Release(lease, all);
        return all;
    }

    private static void Fill(MarkedCells cells, PrefixTree tree, PrefixLease lease, int[] tokens)
    {
        tree.Reserve(tokens.Length - lease.Filled);
        for (var i = lease.Filled; i < tokens.Length; i++)
            cells.Fill(lease.Sequence, i, tokens[i]);
        tree.Fill(lease, tokens.Length);
    }
}
