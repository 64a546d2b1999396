using Hybrid.Policy;
using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.Tests.Streaming;

public class PrivacyWallTests
{
    private static readonly string[] Answer = ["a", "b", "c", "d", "e"];
    private static readonly Zone[] Zones = [Zone.Device, Zone.Site, Zone.Region("eu"), Zone.Public];

    [Fact]
    public async Task No_target_ever_receives_what_its_zone_forbids()
    {
        var random = new Random(20260102);
        int answered = 0, refused = 0, failed = 0, moved = 0;
        for (var round = 0; round < 10_000; round++)
        {
            ScriptedTarget[] targets = [.. Enumerable.Range(0, random.Next(1, 6)).Select(i => AnyTarget(random, i))];
            foreach (var target in targets)
            {
                // A zone may change after the decision was made: only the gate can see that.
                if (random.Next(3) == 0) target.OnReceived = () => Array.ForEach(targets, other => other.Descriptor = other.Descriptor with { Zone = Zones[random.Next(4)] });
            }

            var privacy = (PrivacyClass)random.Next(4);
            using var client = new HybridChatClient(targets, new() { Policy = AnyPolicy(random), TimeProvider = new ManualTimeProvider() });
            try
            {
                var response = await client.GetResponseAsync("?", new ChatOptions().WithPrivacy(privacy));
                Assert.Equal("abcde", response.Text);
                answered++;
                if (targets.Sum(target => target.Received.Count) > 1) moved++;
            }
            catch (HybridException error)
            {
                if (error.Error == HybridError.NoTargetAllowed) refused++;
                else failed++;
            }

            foreach (var (request, zone) in targets.SelectMany(target => target.Received))
            {
                Assert.Equal(privacy, request.Privacy);
                Assert.True(zone.Admits(privacy), $"round {round}: a {privacy} request reached {zone}");
            }

            Assert.All(targets, target => Assert.InRange(target.Received.Count, 0, 1));
        }

        Assert.All([answered, refused, failed, moved], count => Assert.InRange(count, 500, 9_000));
    }

    [Fact]
    public async Task A_zone_that_changes_after_the_decision_is_caught_at_the_gate()
    {
        var b = new ScriptedTarget("b", Answer);
        var a = new ScriptedTarget("a", Answer) { FailAfter = 2, OnReceived = () => b.Descriptor = b.Descriptor with { Zone = Zone.Public } };
        var conducting = new Conducting(new(), a, b);
        await Assert.ThrowsAsync<HybridException>(() => conducting.RunAsync(Conducting.Request with { Privacy = PrivacyClass.Secret }));
        Assert.Empty(b.Received);
        Assert.Equal(HybridError.NoTargetAllowed, conducting.Receipt.Segments[1].Error);
        Assert.Contains("zone public, which may not see secret requests. Nothing was sent", conducting.Receipt.Segments[1].ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_the_gate_calls_a_target()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root.FullName, "Hybrid.sln"))) root = root.Parent!;
        var runtime = Path.Combine(root.FullName, "src", "Runtime");
        string[] files = [.. Directory.GetFiles(runtime, "*.cs"), .. new[] { "Chat", "Streaming", "Targets" }.SelectMany(folder => Directory.GetFiles(Path.Combine(runtime, folder)))];
        var callers = files.Where(file => File.ReadAllText(file).Contains(".GenerateAsync(", StringComparison.Ordinal)).Select(Path.GetFileName);
        Assert.Equal(["PrivacyGate.cs"], callers);
    }

    private static ScriptedTarget AnyTarget(Random random, int index)
    {
        var target = new ScriptedTarget($"t{index}", Answer)
        {
            FailAfter = random.Next(2) == 0 ? random.Next(6) : null,
            FailWith = (HybridError)random.Next(Enum.GetValues<HybridError>().Length) is var error and not HybridError.NoTargetAllowed ? error : HybridError.Busy,
            EndsInstead = random.Next(4) == 0,
            State = new((TargetReadiness)random.Next(5)),
        };
        target.Descriptor = target.Descriptor with
        {
            Zone = Zones[random.Next(4)],
            Quality = random.NextDouble(),
            DollarsPerMillionInputTokens = random.NextDouble() * 10,
            Capabilities = random.Next(4) == 0 ? TargetCapabilities.Chat : TargetCapabilities.Chat | TargetCapabilities.Continuation,
        };
        return target;
    }

    private static RoutingPolicy AnyPolicy(Random random) => PolicyPresets.All[random.Next(PolicyPresets.All.Count)] with
    {
        DollarsPerQualityPoint = random.NextDouble(),
        DollarsPerSecond = random.NextDouble(),
    };
}
