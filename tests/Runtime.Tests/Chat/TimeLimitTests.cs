using Hybrid.Policy;
using Microsoft.Extensions.AI;

namespace Hybrid.Tests.Chat;

/// <summary>What a request's own limits on time do, from its options to a failover.</summary>
public class TimeLimitTests
{
    private static readonly string[] Answer = ["a", "b", "c", "d"];
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void Options_reach_the_decision()
    {
        using var client = new HybridChatClient([new ScriptedTarget("device", Answer)]);
        var options = new ChatOptions().WithMaxTimeToFirstToken(TimeSpan.FromSeconds(2)).WithMaxTimePerToken(TimeSpan.FromSeconds(0.5));
        var profile = client.Decide([new(ChatRole.User, "x")], options).Profile;
        Assert.Equal((TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(0.5)), (profile.MaxTimeToFirstToken, profile.MaxTimePerToken));
        profile = client.Decide([new(ChatRole.User, "x")]).Profile;
        Assert.Equal((null, null), (profile.MaxTimeToFirstToken, profile.MaxTimePerToken));
    }

    [Fact]
    public async Task A_request_that_nobody_can_answer_soon_enough_is_refused_and_nothing_is_sent()
    {
        var target = Target("slow", prefill: 1, decode: 1);
        using var client = new HybridChatClient([target]);
        var error = await Assert.ThrowsAsync<HybridException>(() => client.GetResponseAsync("x", new ChatOptions().WithMaxTimePerToken(TimeSpan.FromSeconds(0.9))));
        Assert.Equal(HybridError.NoTargetAllowed, error.Error);
        Assert.Contains("slow (predicted 1 s per token is longer than the request's 0.9 s)", error.Message, StringComparison.Ordinal);
        Assert.Empty(target.Received);
    }

    [Fact]
    public async Task Who_is_predicted_too_slow_does_not_stand_by_either()
    {
        var failing = Target("failing", prefill: 1000, decode: 1000, failAfter: 2);
        var slow = Target("slow", prefill: 1000, decode: 1);
        using var client = new HybridChatClient([failing, slow]);
        await Assert.ThrowsAsync<HybridException>(() => client.GetResponseAsync("x", new ChatOptions().WithMaxTimePerToken(TimeSpan.FromSeconds(0.1))));
        Assert.Empty(slow.Received);
        Assert.Equal("abcd", (await client.GetResponseAsync("x")).Text);
        Assert.Single(slow.Received);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task A_standby_goes_on_however_late_it_has_become(int delivered)
    {
        // The limit is a wall on what is predicted of each target, not a clock.
        var failing = Target("failing", prefill: 2000, decode: 1000, failAfter: delivered, onReceived: () => _time.Advance(TimeSpan.FromMinutes(1)));
        var standby = Target("standby", prefill: 1000, decode: 1000);
        using var client = new HybridChatClient([failing, standby], new() { TimeProvider = _time });
        var response = await client.GetResponseAsync("x", new ChatOptions().WithMaxTimeToFirstToken(TimeSpan.FromSeconds(1)));
        Assert.Equal("abcd", response.Text);
        Assert.Equal(string.Concat(Answer[..delivered]), Assert.Single(standby.Received).Request.Continuation);
    }

    [Fact]
    public void The_policys_limit_and_the_requests_are_both_kept()
    {
        var policy = PolicyPresets.Balanced with { Name = "p", MaxTimePerToken = TimeSpan.FromSeconds(0.5) };
        using var client = new HybridChatClient([Target("a", 1000, 1), Target("b", 1000, 4), Target("c", 1000, 20)], new() { Policy = policy });
        Assert.Equal(["b", "c"], Admitted(null));
        Assert.Equal(["b", "c"], Admitted(10));
        Assert.Equal(["c"], Admitted(0.1));

        IEnumerable<string> Admitted(double? seconds) => client.Decide([new(ChatRole.User, "x")], seconds is { } most ? new ChatOptions().WithMaxTimePerToken(TimeSpan.FromSeconds(most)) : null)
            .Targets.Where(target => target.Admitted).Select(target => target.Name);
    }

    private static ScriptedTarget Target(string name, double prefill, double decode, int? failAfter = null, Action? onReceived = null)
    {
        var target = new ScriptedTarget(name, Answer) { FailAfter = failAfter, OnReceived = onReceived };
        target.Descriptor = target.Descriptor with { PrefillTokensPerSecond = prefill, DecodeTokensPerSecond = decode };
        return target;
    }
}
