using Hybrid.Targets;

namespace Hybrid.Tests.Targets;

public class TokenIdsTests
{
    [Theory]
    [InlineData]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(7, 8)]
    [InlineData(0, -1, int.MaxValue)]
    public void Ids_come_back_as_they_were(params int[] ids)
    {
        var held = TokenIds.Create(ids);
        Assert.Equal(ids.Length, held.Count);
        Assert.Equal(ids, held);
        Assert.Equal(ids, Enumerable.Range(0, ids.Length).Select(i => held[i]));
        var copy = new int[ids.Length];
        held.CopyTo(copy);
        Assert.Equal(ids, copy);
        Assert.Throws<ArgumentOutOfRangeException>(() => held[ids.Length]);
        Assert.Throws<ArgumentOutOfRangeException>(() => held[-1]);
    }

    [Fact]
    public void Equal_are_those_of_the_same_ids()
    {
        TokenIds[] all = [default, [0], [1], [0, 0], [0, 1], [0, 1, 0]];
        foreach (var left in all)
        {
            Assert.Equal([left], all.Where(right => right == left));
            Assert.Equal(left.GetHashCode(), TokenIds.Create([.. left]).GetHashCode());
        }

        Assert.Equal(new DecodeUpdate("x", 2) { Tokens = [1, 2] }, new DecodeUpdate("x", 2) { Tokens = [1, 2] });
    }

    [Fact]
    public void What_is_given_is_copied()
    {
        int[] ids = [1, 2];
        var held = TokenIds.Create(ids);
        ids[0] = 9;
        Assert.Equal(1, held[0]);
    }

    [Fact]
    public void One_id_allocates_nothing()
    {
        var sum = 0;
        void Hold()
        {
            for (var i = 0; i < 1000; i++)
            {
                TokenIds held = [i];
                foreach (var id in held)
                    sum += id;
            }
        }

        Assert.Equal(0, Allocations.Steady(Hold));
        Assert.NotEqual(0, sum);
    }

    [Fact]
    public void A_continuations_tokens_are_equal_where_their_ids_are()
    {
        var request = new DecodeRequest { Prompt = new TextPrompt("x"), Continuation = "y", ContinuationTokens = new("v", new[] { 1, 2 }) };
        Assert.Equal(request, request with { ContinuationTokens = new("v", new[] { 0, 1, 2 }.AsMemory(1)) });
        Assert.Equal(request.GetHashCode(), (request with { ContinuationTokens = new("v", new[] { 1, 2 }) }).GetHashCode());
        foreach (var other in new ContinuationTokens?[] { null, new("w", new[] { 1, 2 }), new("v", new[] { 1 }), new("v", new[] { 1, 3 }) })
            Assert.NotEqual(request, request with { ContinuationTokens = other });
    }
}
