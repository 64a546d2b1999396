using System.Text.Json;
using Hybrid.Accounting;
using Hybrid.Policy;
using Hybrid.Targets;

namespace Hybrid.Tests.Policy;

public class DecisionTests
{
    private static readonly RequestProfile Profile = TestTargets.Chat with { Privacy = PrivacyClass.Confidential, TimeLeft = TimeSpan.FromSeconds(60) };

    [Fact]
    public void People_read_the_outcome_the_numbers_and_every_removal()
    {
        var text = TestTargets.Decide(Profile, PolicyPresets.Balanced, TestTargets.Device, TestTargets.Site, TestTargets.Cloud).Explain();
        var lines = text.Split('\n');
        Assert.Equal(5, lines.Length);
        Assert.Equal("policy 'balanced', confidential request, 300 tokens in, 128 expected, 60 s left", lines[0]);
        Assert.StartsWith("site: $0.00249 ", lines[1], StringComparison.Ordinal);
        Assert.Contains(" beats device $0.00", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("  site (middle, site): first token 0.155 s (0.0393 to 0.611), all 2.29 s, ", lines[2], StringComparison.Ordinal);
        Assert.StartsWith("  device (small, device): first token 0.75 s (", lines[3], StringComparison.Ordinal);
        Assert.Equal("  cloud (large, public): removed: confidential requests may not be seen in zone public", lines[4]);
    }

    [Fact]
    public void Limits_on_time_of_the_request_are_read_too()
    {
        var decision = TestTargets.Decide(TestTargets.Chat with { MaxTimeToFirstToken = TimeSpan.FromSeconds(2), MaxTimePerToken = TimeSpan.FromMilliseconds(50) }, PolicyPresets.Balanced, TestTargets.Site);
        Assert.StartsWith("policy 'balanced', public request, 300 tokens in, 128 expected, first token within 2 s, 0.05 s per token\n", decision.Explain(), StringComparison.Ordinal);
        using var json = JsonDocument.Parse(decision.ToJson());
        var profile = json.RootElement.GetProperty("profile");
        Assert.Equal((2, 0.05), (profile.GetProperty("maxTimeToFirstTokenSeconds").GetDouble(), profile.GetProperty("maxTimePerTokenSeconds").GetDouble()));
    }

    [Fact]
    public void One_line_names_the_term_that_decided()
    {
        var decision = TestTargets.Decide(TestTargets.Chat, PolicyPresets.Fast, TestTargets.Device, TestTargets.Cloud);
        Assert.Matches(@"^cloud: \$[\d.]+ beats device \$[\d.]+, mostly by time \(\$[\d.]+\)$", decision.ExplainLine());
        Assert.EndsWith("the only target that may take it", TestTargets.Decide(TestTargets.Chat, PolicyPresets.Fast, TestTargets.Cloud).ExplainLine(), StringComparison.Ordinal);
        var removed = TestTargets.Decide(Profile, PolicyPresets.Fast, TestTargets.Cloud).ExplainLine();
        Assert.Equal("no target: cloud (confidential requests may not be seen in zone public)", removed);
    }

    [Fact]
    public void A_bridge_says_who_speaks_first_until_when_and_what_each_alone_would_be()
    {
        TargetSnapshot[] targets =
        [
            TestTargets.Device.Warm(),
            new(TestTargets.Cloud with { ColdStart = TimeSpan.FromSeconds(2), Capabilities = TargetCapabilities.Chat | TargetCapabilities.Continuation }, new(TargetReadiness.Cold, "scaled to zero")),
        ];
        var decision = PolicyEngine.Decide(TestTargets.Chat, targets, PolicyPresets.Fast);
        Assert.Equal(("cloud", "device"), (decision.Chosen!.Name, decision.Bridge!.Target));
        var lines = decision.Explain().Split('\n');
        Assert.Equal(5, lines.Length);
        Assert.Equal(decision.ExplainLine(), lines[1]);
        Assert.Matches(@"^device speaks first, about [\d.]+ tokens, until cloud goes on after 2\.\d+ s: with its silence \$0\.0\d+ beats (cloud|device) alone \$0\.0\d+$", lines[1]);
        Assert.Equal("each of them alone:", lines[2]);
        Assert.All(lines[3..], line => Assert.Matches(@"^  (cloud|device) \(\w+, \w+\): first token [\d.]+ s ", line));
    }

    [Fact]
    public void Json_holds_the_same_numbers()
    {
        var decision = TestTargets.Decide(Profile, PolicyPresets.Balanced, TestTargets.Device, TestTargets.Site, TestTargets.Cloud);
        using var json = JsonDocument.Parse(decision.ToJson());
        var root = json.RootElement;
        Assert.Equal("balanced", root.GetProperty("policy").GetString());
        Assert.Equal(PolicyPresets.Balanced.Version, root.GetProperty("policyVersion").GetString());
        Assert.Equal("site", root.GetProperty("chosen").GetString());
        Assert.Equal(["device"], root.GetProperty("standbys").EnumerateArray().Select(name => name.GetString()!));
        Assert.Equal(60, root.GetProperty("profile").GetProperty("timeLeftSeconds").GetDouble());
        var site = root.GetProperty("targets")[1];
        Assert.Equal("site", site.GetProperty("zone").GetString());
        Assert.Equal(decision.Chosen!.ScoreDollars, site.GetProperty("scoreDollars").GetDouble());
        Assert.Equal(0.155, site.GetProperty("timeToFirstTokenSeconds").GetDouble(), 6);
        Assert.Equal("Privacy", root.GetProperty("targets")[2].GetProperty("walls")[0].GetProperty("wall").GetString());

        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream)) decision.WriteTo(writer);
        Assert.Equal(decision.ToJson(), System.Text.Encoding.UTF8.GetString(stream.ToArray()));
    }

    [Fact]
    public void A_policys_version_changes_with_its_figures_and_with_nothing_else()
    {
        Assert.Matches("^[0-9a-f]{12}$", PolicyPresets.Balanced.Version);
        Assert.Equal(PolicyPresets.Balanced.Version, (PolicyPresets.Balanced with { }).Version);
        Assert.NotEqual(PolicyPresets.Balanced.Version, (PolicyPresets.Balanced with { DollarsPerSecond = 0.002 }).Version);
        Assert.NotEqual(PolicyPresets.Balanced.Version, (PolicyPresets.Balanced with { AllowedZones = [Zone.Site] }).Version);
    }

    [Fact]
    public void What_is_assumed_is_said()
    {
        var nothing = TestTargets.Device with { ParametersBillions = 0, PrefillTokensPerSecond = 1e300, Name = "instant" };
        var defaulted = new GridIntensity(445, IntensityKind.Average, "the provider did not answer", IntensityProvenance.Default);
        var decision = PolicyEngine.Decide(Profile, [new(nothing, TargetState.Warm) { Grid = defaulted }], PolicyPresets.Balanced);
        var notes = decision.Chosen!.Notes;
        Assert.Equal(4, notes.Count);
        Assert.Contains("it claims no latency; 0.00001 s counts", notes);
        Assert.All(notes, note => Assert.Contains(note, decision.Explain(), StringComparison.Ordinal));
    }

    [Fact]
    public void Json_of_a_target_without_a_finite_prediction_can_be_read()
    {
        var decision = TestTargets.Decide(Profile, PolicyPresets.Balanced, TestTargets.Device with { DecodeTokensPerSecond = 0 });
        using var json = JsonDocument.Parse(decision.ToJson());
        Assert.False(json.RootElement.TryGetProperty("chosen", out _));
    }
}
