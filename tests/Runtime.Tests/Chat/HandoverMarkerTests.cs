using Hybrid.Accounting;
using Hybrid.Policy;
using Hybrid.Streaming;
using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.Tests.Chat;

public class HandoverMarkerTests
{
    private static readonly string[] Answer = ["a", "b", "c", "d"];

    [Fact]
    public async Task The_first_update_behind_a_seam_tells_of_it_where_that_was_asked_for()
    {
        var time = new ManualTimeProvider();
        var updates = await AskAsync(new ChatOptions().WithHandoverMarkers(), time, new ScriptedTarget("one", Answer) { FailAfter = 2 }, new ScriptedTarget("two", Answer) { OnToken = () => time.Advance(TimeSpan.FromSeconds(3)) });

        Assert.Equal("abcd", string.Concat(updates));
        var marked = Assert.Single(updates, update => Marker(update) is not null);
        Assert.Equal(("c", "two"), (marked.Text, marked.AdditionalProperties![HybridUpdateKeys.Target]));
        var marker = Marker(marked)!;
        Assert.Equal(new Handover { From = "one", To = "two", Reason = HandoverReason.Fault, AtToken = 2, Gap = TimeSpan.FromSeconds(3) }, marker);
        Assert.Same(marker, Assert.Single(Receipt(updates).Handovers));
        Assert.Equal("one to two after 2 tokens: one failed, gap 3 s", marker.ToString());
    }

    [Fact]
    public async Task Without_the_option_no_update_does()
    {
        var updates = await AskAsync(null, new(), new ScriptedTarget("one", Answer) { FailAfter = 2 }, new ScriptedTarget("two", Answer));
        Assert.Equal("abcd", string.Concat(updates));
        Assert.DoesNotContain(updates, update => update.AdditionalProperties!.ContainsKey(HybridUpdateKeys.Handover));
        Assert.Single(Receipt(updates).Handovers);
    }

    [Fact]
    public async Task A_race_that_was_won_is_a_seam_without_a_gap_on_the_first_update()
    {
        var hangs = new ScriptedTarget("hangs", Answer) { FailAfter = 0, HangsInstead = true };
        var updates = await AskAsync(new ChatOptions().WithHandoverMarkers(), new(), hangs, new ScriptedTarget("quick", Answer));
        Assert.Equal(new Handover { From = "hangs", To = "quick", Reason = HandoverReason.Race, AtToken = 0 }, Marker(updates[0]));
        Assert.Equal("hangs to quick before any text: quick was quicker", Marker(updates[0])!.ToString());
        hangs.Release.SetResult();
    }

    [Fact]
    public async Task Usage_is_told_per_target_where_more_than_one_was_asked()
    {
        var one = new ScriptedTarget("one", Answer) { FailAfter = 3, HeldBack = 1 };
        var updates = await AskAsync(null, new(), one, new ScriptedTarget("two", Answer) { Figures = new() { Finish = DecodeFinish.Stop, PromptTokens = 7 } });
        var usage = Usage(updates);
        var counts = usage.AdditionalCounts!;
        Assert.Equal((3, 1), (counts["hybrid.one.output_tokens"], counts["hybrid.one.wasted_tokens"]));
        Assert.Equal((7, 2, 0), (counts["hybrid.two.input_tokens"], counts["hybrid.two.output_tokens"], counts["hybrid.two.wasted_tokens"]));
        Assert.Equal(1, counts["hybrid.wasted_tokens"]);
        Assert.Equal(usage.OutputTokenCount, counts["hybrid.one.output_tokens"] + counts["hybrid.two.output_tokens"]);
        Assert.Equal(usage.InputTokenCount, counts["hybrid.one.input_tokens"] + counts["hybrid.two.input_tokens"]);

        Assert.Null(Usage(await AskAsync(null, new(), new ScriptedTarget("two", Answer))).AdditionalCounts);
    }

    private static async Task<List<ChatResponseUpdate>> AskAsync(ChatOptions? options, ManualTimeProvider time, params ITarget[] targets)
    {
        using var client = new HybridChatClient(targets, new() { TimeProvider = time, Policy = new RoutingPolicy { Name = "order", HedgeAfter = TimeSpan.Zero } });
        return await client.GetStreamingResponseAsync("x", options).ToListAsync();
    }

    private static Handover? Marker(ChatResponseUpdate update) => update.AdditionalProperties?.GetValueOrDefault(HybridUpdateKeys.Handover) as Handover;

    private static RequestReceipt Receipt(List<ChatResponseUpdate> updates) => (RequestReceipt)updates[^1].AdditionalProperties![HybridUpdateKeys.Receipt]!;

    private static UsageDetails Usage(List<ChatResponseUpdate> updates) => Assert.Single(updates[^1].Contents.OfType<UsageContent>()).Details;
}
