using System.Text.Json;
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
        Assert.StartsWith("  site (middle, site): first token 0.155 s, all 2.29 s, ", lines[2], StringComparison.Ordinal);
        Assert.StartsWith("  device (small, device): first token 0.75 s, ", lines[3], StringComparison.Ordinal);
        Assert.Equal("  cloud (large, public): removed: confidential requests may not be seen in zone public", lines[4]);
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
    public void Json_holds_the_same_numbers()
    {
        var decision = TestTargets.Decide(Profile, PolicyPresets.Balanced, TestTargets.Device, TestTargets.Site, TestTargets.Cloud);
        using var json = JsonDocument.Parse(decision.ToJson());
        var root = json.RootElement;
        Assert.Equal("balanced", root.GetProperty("policy").GetString());
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
    public void Json_of_a_target_without_a_finite_prediction_can_be_read()
    {
        var decision = TestTargets.Decide(Profile, PolicyPresets.Balanced, TestTargets.Device with { DecodeTokensPerSecond = 0 });
        using var json = JsonDocument.Parse(decision.ToJson());
        Assert.False(json.RootElement.TryGetProperty("chosen", out _));
    }
}
