using Hybrid.Engines.LlamaCpp.Batching;
using Hybrid.Engines.LlamaCpp.Speculation;

namespace Hybrid.Tests.Engines.LlamaCpp.Speculation;

public sealed class DraftPlanTests
{
    // Q8_0: verifying four tokens takes 3 of one, eight 3.8, sixteen 6.
    private static readonly StepCosts Q8 = Costs((1, 1), (2, 2.7), (4, 3), (8, 3.8), (16, 6));

    [Theory]
    [InlineData(0.0, 0)]
    [InlineData(0.5, 0)]
    [InlineData(0.8, 7)]
    [InlineData(0.99, 15)]
    public void As_many_are_verified_as_save_time(double rate, int drafts) => Assert.Equal(drafts, DraftPlan.Length(Q8, 1, 1, rate, most: 15));

    [Fact]
    public void No_more_than_the_request_may_still_say() => Assert.Equal(7, DraftPlan.Length(Q8, 1, 1, 0.99, most: 14));

    [Fact]
    public void A_dear_draft_is_not_made() => Assert.Equal(0, DraftPlan.Length(Q8, 1, 1, 0.9, most: 15, secondsPerDraft: 0.9));

    [Fact]
    public void In_a_full_batch_a_token_is_worth_less() => Assert.Equal(0, DraftPlan.Length(Costs((8, 4), (9, 4.6), (11, 6), (15, 8)), 8, 8, 0.8, most: 15));

    [Fact]
    public void A_cost_that_is_unknown_is_tried_only_where_guesses_are_mostly_right()
    {
        var costs = Costs((1, 1));
        Assert.Equal(0, DraftPlan.Length(costs, 1, 1, 0.5, most: 15));
        Assert.Equal(15, DraftPlan.Length(costs, 1, 1, 0.7, most: 15));
    }

    private static StepCosts Costs(params (int Tokens, double Seconds)[] known)
    {
        var costs = new StepCosts(32, 8);
        foreach (var (tokens, seconds) in known)
        {
            for (var i = 0; i < 4; i++)
                costs.Observe(tokens, seconds);
        }

        return costs;
    }
}
