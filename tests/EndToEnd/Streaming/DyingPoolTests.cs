using Hybrid.Accounting;
using Hybrid.Engines.LlamaCpp;
using Hybrid.Streaming;

namespace Hybrid.EndToEnd.Streaming;

/// <summary>A pool of three worker processes that are killed in turn, with nobody else to go on.</summary>
[Collection(Alone.Name)] // four busy processes would be in the way of tests that look at time
public class DyingPoolTests
{
    private static readonly string[] Questions = ["motor-12 does not start. Give me the steps.", "How do I check pump-3 that runs hot?", "tank-4 loses pressure, what should I check?"];

    [Fact]
    public async Task Every_answer_is_completed_by_the_pool_and_is_the_unbroken_one()
    {
        var whole = new Dictionary<string, string>();
        await using (var engine = await LlamaEngine.LoadAsync(new() { ModelPath = Repository.CloudModel, Threads = 1, Poll = 0 }))
        {
            foreach (var question in Questions) whole[question] = (await Answer.UnbrokenAsync(engine, question)).Text;
        }

        await using var pool = await DyingPool.StartAsync(Repository.CloudModel);
        var answers = await pool.RunAsync([.. Enumerable.Range(0, 60).Select(i => Questions[i % Questions.Length])], streams: 12, piecesBetweenKills: 400, kills: 3);
        Assert.All(answers, answer =>
        {
            Assert.Null(answer.Fault);
            Assert.Equal(whole[answer.Question], answer.Text);
            Assert.Equal(RequestFinish.Stop, answer.Receipt!.Finish);
            Assert.All(answer.Receipt.Segments, segment => Assert.Contains(segment.Replica, (string[])["a", "b", "c"]));
        });
        Assert.True(pool.Kills >= 3, $"{pool.Kills} kills");
        var moved = answers.SelectMany(answer => answer.Receipt!.Handovers).ToArray();
        Assert.NotEmpty(moved);
        Assert.All(moved, handover => Assert.Equal(("cloud", "cloud", HandoverReason.Fault), (handover.From, handover.To, handover.Reason)));
    }
}

/// <summary>Tests that need the machine for themselves.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public class Alone
{
    public const string Name = "alone";
}
