using System.Text.Json;
using Hybrid.Policy;
using Hybrid.Policy.Learning;
using Hybrid.Policy.Log;
using Hybrid.Policy.Replay;
using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.Tests.Policy.Replay;

public sealed class PolicyReplayTests : IDisposable
{
    private static readonly RoutingPolicy Mine = PolicyPresets.Balanced with { Name = "mine", Learn = true, ExplorationRate = 0.2, MaxExplorationDollars = 1 };
    private readonly string _folder = Directory.CreateTempSubdirectory("hybrid-replay").FullName;
    private readonly ManualTimeProvider _time = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Under_the_same_policy_nothing_changes()
    {
        var path = await LogAsync(60);
        var report = PolicyReplay.Run([path], Mine);
        Assert.Equal((61, 0, 0, 0), (report.Decisions, report.Moved, report.NewlyWithoutTarget, report.NewlyWithTarget));
        Assert.Equal((0, 0, 0, 0), (report.PrivacyLeaks, report.OutsideLoggedPolicy, report.NotReproduced, report.DamagedLines));
        Assert.InRange(report.Explored, 3, 30);
        Assert.Equal(60, report.Complete);
        Assert.Equal(61, report.LoggedPolicies["mine"]);

        var certain = PolicyReplay.Run([await LogAsync(10, Mine with { ExplorationRate = 0 })], Mine);
        Assert.StartsWith("measured: ", certain.Method, StringComparison.Ordinal);
        Assert.All(certain.Metrics, metric => Assert.Equal(metric.Before, metric.After));
        Assert.Equal(certain.TotalTimeP95Before, certain.TotalTimeP95After);
        Assert.All(certain.Targets, target => Assert.Equal(target.Before, target.After));
    }

    [Fact]
    public async Task Under_another_policy_requests_move_and_the_report_says_where()
    {
        var path = await LogAsync(30, Mine with { Learn = false, ExplorationRate = 0, AllowedTargets = ["near"] });
        var report = PolicyReplay.Run([path], PolicyPresets.Balanced with { Name = "far-only", AllowedTargets = ["far"] });
        Assert.Equal((30, 30), (report.Moved, report.ModelOnly));
        Assert.Equal([new("far", 0, 30), new("near", 30, 0)], report.Targets);
        Assert.Equal((0, 30), (report.PrivacyLeaks, report.OutsideLoggedPolicy));
        Assert.True(report.Metrics[2].After!.Mean > report.Metrics[2].Before!.Mean); // the far one has a price

        var none = PolicyReplay.Run([path], PolicyPresets.Balanced with { Name = "nobody", AllowedTargets = ["nosuch"] });
        Assert.Equal((30, "none: it serves no request"), (none.NewlyWithoutTarget, none.Method));
        Assert.Null(none.Metrics[0].After);
        Assert.Contains("30 newly without a target", ReplayText.Of(none), StringComparison.Ordinal);
    }

    [Fact]
    public void A_request_sent_where_its_own_policy_sends_nothing_is_counted()
    {
        var strict = PolicyPresets.Private with { AllowedTargets = ["device", "site"] };
        var replay = new PolicyReplay(PolicyPresets.Fast);
        replay.Add(Entry("1", TestTargets.Chat with { Privacy = PrivacyClass.Public }, strict));
        replay.Add(Entry("2", TestTargets.Chat with { Privacy = PrivacyClass.Secret }, strict));
        replay.Add(Entry("2", TestTargets.Chat with { Privacy = PrivacyClass.Public }, strict)); // an id counts once
        var report = replay.Report();
        Assert.Equal((2, 1, 0), (report.Decisions, report.OutsideLoggedPolicy, report.PrivacyLeaks));
        Assert.Contains("leaks: 0 to a zone their privacy class forbids, 1 outside what their own policy allows", ReplayText.Of(report), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(PrivacyClass.Public)]
    [InlineData(PrivacyClass.Internal)]
    [InlineData(PrivacyClass.Confidential)]
    [InlineData(PrivacyClass.Secret)]
    public void The_check_of_leaks_agrees_with_the_walls_on_every_zone(PrivacyClass privacy)
    {
        foreach (var zone in new[] { Zone.Device, Zone.Site, Zone.Region("eu"), Zone.Public })
            Assert.Equal(!zone.Admits(privacy), ReplayLeaks.IsForbidden(privacy, zone.ToString()));
    }

    [Fact]
    public void A_leak_would_show()
    {
        var profile = TestTargets.Chat with { Privacy = PrivacyClass.Public };
        var entry = Entry("1", profile, PolicyPresets.Fast);
        // As if a wall were missing: the profile that decides says public, the one that is checked says secret.
        Assert.True(ReplayLeaks.IsForbidden(PrivacyClass.Secret, entry.Snapshots[2].Descriptor.Zone.ToString()));
        Assert.True(ReplayLeaks.IsOutside(PolicyPresets.Offline, TestTargets.Site));
        Assert.True(ReplayLeaks.IsOutside(PolicyPresets.Private, TestTargets.Cloud));
        Assert.False(ReplayLeaks.IsOutside(PolicyPresets.Private, TestTargets.Site));
    }

    [Fact]
    public void What_was_learned_counts_at_the_other_policys_prices()
    {
        var replay = new PolicyReplay(PolicyPresets.Balanced with { Name = "learns", Learn = true, DollarsPerQualityPoint = 0.001 });
        var entry = Entry("1", TestTargets.Chat, PolicyPresets.Balanced, new(0, 1), new(-30, 1), new(-30, 1));
        Assert.NotEqual("device", entry.Logged.Chosen);
        replay.Add(entry);
        Assert.Equal("device", Assert.Single(replay.Report().Targets, target => target.After == 1).Name);
    }

    [Fact]
    public void A_requests_own_limits_hold_under_the_other_policy_too_and_the_smaller_one_counts()
    {
        Assert.Equal(["device"], After(TestTargets.Chat, PolicyPresets.Frugal));
        Assert.Equal(["cloud"], After(TestTargets.Chat with { MaxTimeToFirstToken = TimeSpan.FromSeconds(0.13) }, PolicyPresets.Frugal)); // 0.75, 0.155 and 0.12 s
        Assert.Equal(["cloud"], After(TestTargets.Chat with { MaxTimePerToken = TimeSpan.FromSeconds(0.012) }, PolicyPresets.Frugal)); // 1/30, 1/60 and 1/90 s
        Assert.Equal(["cloud"], After(TestTargets.Chat with { MaxTimePerToken = TimeSpan.FromSeconds(1) }, PolicyPresets.Frugal with { MaxTimePerToken = TimeSpan.FromSeconds(0.012) }));
        Assert.Empty(After(TestTargets.Chat with { MaxTimePerToken = TimeSpan.FromSeconds(0.001) }, PolicyPresets.Frugal));

        static IEnumerable<string> After(RequestProfile profile, RoutingPolicy policy)
        {
            var replay = new PolicyReplay(policy);
            replay.Add(Entry("1", profile, PolicyPresets.Balanced));
            var report = replay.Report();
            Assert.Equal(0, report.NotReproduced);
            return report.Targets.Where(target => target.After == 1).Select(target => target.Name);
        }
    }

    [Fact]
    public void What_is_predicted_does_not_hang_on_the_quantile_that_was_decided_at()
    {
        Assert.Equal(After(null), After(5000));

        static double After(int? tokens)
        {
            var replay = new PolicyReplay(PolicyPresets.Offline);
            replay.Add(Entry("1", TestTargets.Chat with { OutputTokensAtQuantile = tokens }, PolicyPresets.Fast with { AllowedTargets = ["cloud"] }));
            return replay.Report().Metrics[1].After!.Mean;
        }
    }

    [Fact]
    public async Task Json_and_words_hold_the_same_figures_and_damage_is_told()
    {
        var path = await LogAsync(5);
        await File.AppendAllTextAsync(path, "{\"record\":\"dec", TestContext.Current.CancellationToken);
        var report = PolicyReplay.Run([path], PolicyPresets.Green);
        using var json = JsonDocument.Parse(report.ToJson());
        Assert.Equal(6, json.RootElement.GetProperty("decisions").GetInt32());
        Assert.Equal(report.Metrics[0].After!.Mean, json.RootElement.GetProperty("metrics")[0].GetProperty("after").GetProperty("mean").GetDouble());
        var words = ReplayText.Of(report);
        Assert.Contains("1 lines cannot be read and were left out", words, StringComparison.Ordinal);
        Assert.Contains($"estimate: {report.Method}", words, StringComparison.Ordinal);
    }

    private static DecisionEntry Entry(string id, RequestProfile profile, RoutingPolicy policy, params LearnedBias[] learned)
    {
        TargetSnapshot[] targets = [TestTargets.Device.Warm(), TestTargets.Site.Warm(), TestTargets.Cloud.Warm()];
        return new(id, default, LoggedDecision.Of(PolicyEngine.Decide(profile, targets, policy), learned, policy.Version, target => target.Name), targets, policy);
    }

    /// <summary>A log as the client writes it: answers with feedback, and one refusal where the policy explores.</summary>
    private async Task<string> LogAsync(int requests, RoutingPolicy? policy = null)
    {
        var path = Path.Combine(_folder, $"{Guid.NewGuid():N}.jsonl");
        void Second() => _time.Advance(TimeSpan.FromSeconds(1));
        var near = new ScriptedTarget("near", "a", "b") { OnToken = Second };
        var far = new ScriptedTarget("far", "a", "b") { OnToken = Second };
        far.Descriptor = far.Descriptor with { DollarsPerMillionOutputTokens = 1 };
        var random = new Random(11);
        await using var client = new HybridChatClient([near, far], new()
        {
            TimeProvider = _time,
            Policy = policy ?? Mine,
            Randomizer = random.NextDouble,
            DecisionLog = new DecisionLogOptions { Path = path },
        });
        for (var i = 0; i < requests; i++)
        {
            var response = await client.GetResponseAsync(new string('x', 10 * i), new ChatOptions().WithTag(i % 2 == 0 ? "even" : "odd"));
            client.Feedback(response.ResponseId!, random.NextDouble());
        }

        if (policy is not null) return path;
        near.State = far.State = new(TargetReadiness.Unavailable, "gone");
        await Assert.ThrowsAsync<HybridException>(() => client.GetResponseAsync("x"));
        return path;
    }
}
