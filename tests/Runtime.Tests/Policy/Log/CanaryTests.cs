using System.Text.Json;
using Hybrid.Policy.Log;
using Hybrid.Targets;
using Microsoft.Extensions.AI;

namespace Hybrid.Tests.Policy.Log;

/// <summary>No text of a prompt or an answer gets into the log, by whatever way it could.</summary>
public sealed class CanaryTests : IDisposable
{
    private const string Canary = "kanarienvogel";
    private readonly string _folder = Directory.CreateTempSubdirectory("hybrid-canary").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_canary_in_prompt_answer_tools_format_and_faults_is_not_in_the_log()
    {
        var path = Path.Combine(_folder, "log", "decisions.jsonl");
        var good = new ScriptedTarget("good", Canary, " ", Canary);
        good.Descriptor = good.Descriptor with { Capabilities = good.Descriptor.Capabilities | TargetCapabilities.Tools | TargetCapabilities.Json };
        var bad = new ScriptedTarget("bad", Canary, " ", Canary) { FailAfter = 1, ThrowInstead = new InvalidOperationException($"cannot decode '{Canary}'") };
        bad.Descriptor = bad.Descriptor with { Quality = 1 };
        var away = new ScriptedTarget("away", "x") { State = new(TargetReadiness.Unavailable, $"server said: {Canary}") };
        await using (var client = new HybridChatClient([bad, good, away], new() { TimeProvider = new ManualTimeProvider(), DecisionLog = new DecisionLogOptions { Path = path } }))
        {
            ChatMessage[] messages = [new(ChatRole.System, Canary), new(ChatRole.User, $"secret {Canary}"), new(ChatRole.Assistant, Canary), new(ChatRole.User, Canary)];
            var answer = await client.GetResponseAsync(messages, new ChatOptions { Instructions = Canary, StopSequences = [Canary + "!"] }.WithTag("chat"));
            Assert.Contains(Canary, answer.Text, StringComparison.Ordinal);
            client.Feedback(answer.ResponseId!, 0.75);
            var schema = JsonElement.Parse($$"""{"type":"object","description":"{{Canary}}"}""");
            await client.GetResponseAsync(Canary, new() { ResponseFormat = ChatResponseFormat.ForJsonSchema(schema, Canary) });
            await client.GetResponseAsync(Canary, new() { Tools = [AIFunctionFactory.Create((string text) => text, Canary, Canary)] });
            await Assert.ThrowsAsync<HybridException>(() => client.GetResponseAsync(Canary, new ChatOptions().WithTarget("bad")));
            await Assert.ThrowsAsync<HybridException>(() => client.GetResponseAsync(Canary, new ChatOptions().WithTarget("away")));
            Assert.Throws<HybridException>(() => client.Feedback(Canary, 1));
        }

        var text = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
        Assert.DoesNotContain(Canary, text, StringComparison.OrdinalIgnoreCase);
        var records = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonElement.Parse(line)).ToList();
        Assert.Equal(5, records.Count(record => record.GetProperty("record").GetString() == "decision"));
        Assert.Equal(4, records.Count(record => record.GetProperty("record").GetString() == "outcome"));
        Assert.Equal(0.75, Assert.Single(records, record => record.GetProperty("record").GetString() == "feedback").GetProperty("feedback").GetDouble());
        var outcomes = records.Where(record => record.GetProperty("record").GetString() == "outcome").Select(record => record.GetProperty("outcome")).ToList();
        Assert.Equal(["bad", "good"], outcomes[0].GetProperty("targets").EnumerateArray().Select(name => name.GetString()));
        Assert.Equal("Stop", outcomes[0].GetProperty("finish").GetString());
        Assert.Equal("Failed", outcomes[3].GetProperty("finish").GetString());
        Assert.Equal("Internal", outcomes[3].GetProperty("error").GetString());
    }
}
