using Hybrid.Policy;
using Hybrid.Policy.Log;
using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.Tests.Policy.Learning;

/// <summary>Feedback as an app gives it.</summary>
public sealed class FeedbackTests : IDisposable
{
    private static readonly ChatMessage[] Question = [new(ChatRole.User, "x")];
    private readonly string _folder = Directory.CreateTempSubdirectory("hybrid-feedback").FullName;
    private readonly ManualTimeProvider _time = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Feedback_moves_the_choice_for_its_tag_only_and_a_restart_remembers()
    {
        await using (var client = Client(learn: true))
        {
            Assert.Equal("a", Choice(client, "poems"));
            for (var i = 0; i < 30; i++)
            {
                client.Feedback((await client.GetResponseAsync("x", new ChatOptions().WithTag("poems").WithTarget("a"))).ResponseId!, 0.1);
                client.Feedback((await client.GetResponseAsync("x", new ChatOptions().WithTag("poems").WithTarget("b"))).ResponseId!, 0.9);
            }

            Check(client);
        }

        await using var restarted = Client(learn: true);
        Check(restarted);
        Assert.Equal("a", Choice(Client(learn: false), "poems"));

        void Check(HybridChatClient client)
        {
            Assert.Equal("b", Choice(client, "poems"));
            Assert.Equal("a", Choice(client, "bills"));
            Assert.Equal("a", Choice(client, null));
            var decision = client.Decide(Question, new ChatOptions().WithTag("poems"));
            Assert.Contains("mostly by what was learned", decision.ExplainLine(), StringComparison.Ordinal);
            Assert.Equal(1, Math.Sign(decision.Targets[0].LearnedDollars));
        }
    }

    [Fact]
    public async Task A_restart_learns_exactly_what_was_known_and_rates_answers_of_before()
    {
        string id;
        double learned;
        await using (var client = Client(learn: true, secondsCount: false))
        {
            for (var i = 0; i < 10; i++)
                client.Feedback((await client.GetResponseAsync("x")).ResponseId!, i / 10.0);
            id = (await client.GetResponseAsync("x")).ResponseId!;
            learned = client.Decide(Question).Targets[0].LearnedDollars;
            Assert.NotEqual(0, learned);
        }

        await using var restarted = Client(learn: true, secondsCount: false);
        Assert.Equal(learned, restarted.Decide(Question).Targets[0].LearnedDollars, 12);
        restarted.Feedback(id, 1);
        Assert.NotEqual(learned, restarted.Decide(Question).Targets[0].LearnedDollars);
    }

    [Theory]
    [InlineData(-0.01)]
    [InlineData(1.01)]
    [InlineData(double.NaN)]
    public async Task A_score_out_of_range_is_refused(double score)
    {
        await using var client = Client(learn: true);
        var id = (await client.GetResponseAsync("x")).ResponseId!;
        var error = Assert.Throws<HybridException>(() => client.Feedback(id, score));
        Assert.Equal(HybridError.InvalidRequest, error.Error);
        Assert.Contains("use 0 (useless) to 1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_answer_is_refused_and_a_closed_client_takes_nothing()
    {
        var client = Client(learn: true);
        var error = Assert.Throws<HybridException>(() => client.Feedback(new string('z', 1000), 1));
        Assert.Equal(HybridError.InvalidRequest, error.Error);
        Assert.Contains("last 10000 answers", error.Message, StringComparison.Ordinal);
        Assert.True(error.Message.Length < 400);
        Assert.Throws<ArgumentNullException>(() => client.Feedback(null!, 1));
        var id = (await client.GetResponseAsync("x")).ResponseId!;
        await client.DisposeAsync();
        Assert.Throws<ObjectDisposedException>(() => client.Feedback(id, 1));
    }

    [Fact]
    public async Task Requests_explore_at_the_rate_of_the_given_chance_and_asking_why_does_not()
    {
        var random = new Random(5);
        var policy = PolicyPresets.Balanced with { Name = "curious", ExplorationRate = 0.1 };
        await using var client = new HybridChatClient([new ScriptedTarget("a", "x"), new ScriptedTarget("b", "x")], new() { TimeProvider = _time, Policy = policy, Randomizer = random.NextDouble });
        var explored = 0;
        for (var i = 0; i < 1000; i++)
        {
            var decision = (Decision)(await client.GetResponseAsync("x")).AdditionalProperties![HybridUpdateKeys.Decision]!;
            explored += decision.Explored ? 1 : 0;
            Assert.Equal(decision.Explored ? 0.1 : 0.9, decision.Propensity, 9);
            Assert.False(client.Decide(Question).Explored);
        }

        Assert.InRange(explored, 70, 130);
        var pinned = (Decision)(await client.GetResponseAsync("x", new ChatOptions().WithTarget("a"))).AdditionalProperties![HybridUpdateKeys.Decision]!;
        Assert.Equal((false, 1.0), (pinned.Explored, pinned.Propensity));
    }

    private static string Choice(HybridChatClient client, string? tag) =>
        client.Decide(Question, tag is null ? null : new ChatOptions().WithTag(tag)).Chosen!.Name;

    /// <param name="learn">Whether the policy learns.</param>
    /// <param name="secondsCount">Whether time has a price; rates are measured anew after a restart.</param>
    private HybridChatClient Client(bool learn, bool secondsCount = true)
    {
        var targets = new[] { "a", "b" }.Select(name => (ITarget)new ScriptedTarget(name, "yes") { OnToken = () => _time.Advance(TimeSpan.FromSeconds(1)) });
        return new(targets, new()
        {
            TimeProvider = _time,
            Policy = PolicyPresets.Balanced with { Name = "mine", Learn = learn, DollarsPerSecond = secondsCount ? 0.001 : 0 },
            DecisionLog = new DecisionLogOptions { Path = Path.Combine(_folder, "decisions.jsonl") },
        });
    }
}
