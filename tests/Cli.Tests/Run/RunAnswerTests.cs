using System.Text.Json;
using Hybrid.Cli.Run;
using Hybrid.Tests;

namespace Hybrid.Cli.Tests.Run;

public class RunAnswerTests
{
    private static readonly string[] Words = ["a", "b", "c", "d"];

    [Fact]
    public async Task An_answer_of_two_targets_says_who_spoke_from_which_token_and_why()
    {
        var answer = await AskAsync(new ScriptedTarget("one", Words) { FailAfter = 3 }, new ScriptedTarget("two", Words));

        var lines = answer.Summary().ToList();
        Assert.Equal(2, lines.Count);
        Assert.StartsWith("one: $", lines[0], StringComparison.Ordinal);
        Assert.Matches(@"^one to two after 3 tokens: one failed, gap [\d.]+ s$", lines[1]);

        using var json = JsonDocument.Parse(answer.ToJson());
        Assert.Equal([("one", "abc"), ("two", "d")], json.RootElement.GetProperty("segments").EnumerateArray().Select(segment => (segment.GetProperty("target").GetString(), segment.GetProperty("text").GetString())));
        var handover = Assert.Single(json.RootElement.GetProperty("receipt").GetProperty("handovers").EnumerateArray().ToList());
        Assert.Equal(("one", "two", "Fault", 3), (handover.GetProperty("from").GetString(), handover.GetProperty("to").GetString(), handover.GetProperty("reason").GetString(), handover.GetProperty("atToken").GetInt32()));
        Assert.True(handover.GetProperty("gapSeconds").GetDouble() >= 0);
    }

    [Fact]
    public async Task An_answer_of_one_target_has_one_line()
    {
        var answer = await AskAsync(new ScriptedTarget("one", Words));
        Assert.EndsWith("the only target that may take it", Assert.Single(answer.Summary()), StringComparison.Ordinal);
    }

    private static async Task<RunAnswer> AskAsync(params ScriptedTarget[] targets)
    {
        using var client = new HybridChatClient(targets);
        var answer = new RunAnswer();
        await foreach (var update in client.GetStreamingResponseAsync([new(Microsoft.Extensions.AI.ChatRole.User, "x")])) answer.Add(update);
        return answer;
    }
}
