using System.Net;
using System.Text.Json;
using Hybrid.Targets;

namespace Hybrid.CloudWorker.Tests.OpenAi;

public class OpenAiScoreTests
{
    private const string Chat = "/v1/chat/completions";
    private const string Ask = """{"messages":[{"role":"user","content":"hi"}],"logprobs":true,"top_logprobs":2""";
    private const string First = """{"token":"a","logprob":-0.5,"bytes":[97],"top_logprobs":[{"token":"\uFFFD","logprob":-1,"bytes":[195]}]}""";

    [Fact]
    public async Task Scores_come_whole_and_streamed()
    {
        await using var worker = await InProcessWorker.StartAsync();
        worker.Target.Answer = (_, _) => Scored();
        var (status, body) = await worker.AskAsync(Chat, Ask + "}");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(2, worker.Target.Asked.Single().LogProbabilities);
        var content = body.GetProperty("choices")[0].GetProperty("logprobs").GetProperty("content");
        Same(First, content[0]);
        Assert.Equal(2, content.GetArrayLength());

        var events = await worker.StreamAsync(Chat, Ask + ""","stream":true}""");
        var scores = events.SkipLast(1).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("choices")[0].GetProperty("logprobs"))
            .Where(value => value.ValueKind == JsonValueKind.Object).SelectMany(value => value.GetProperty("content").EnumerateArray()).ToList();
        Assert.Equal(2, scores.Count);
        Same(First, scores[0]);
    }

    [Fact]
    public async Task Without_being_asked_there_are_none()
    {
        await using var worker = await InProcessWorker.StartAsync();
        var (_, body) = await worker.AskAsync(Chat, """{"messages":[{"role":"user","content":"hi"}]}""");
        Assert.Equal(JsonValueKind.Null, body.GetProperty("choices")[0].GetProperty("logprobs").ValueKind);
        Assert.Null(worker.Target.Asked.Single().LogProbabilities);
    }

    private static void Same(string expected, JsonElement actual)
    {
        using var document = JsonDocument.Parse(expected);
        Assert.True(JsonElement.DeepEquals(document.RootElement, actual), actual.GetRawText());
    }

    private static async IAsyncEnumerable<DecodeUpdate> Scored()
    {
        await Task.Yield();
        yield return new("a", 1) { Scores = [new(1, "a"u8.ToArray(), -0.5f) { Alternatives = [new(2, new byte[] { 195 }, -1)] }] };
        yield return new("", 1) { Scores = [new(3, Array.Empty<byte>(), -2)] };
        yield return new("", 0, ScriptedTarget.Completion);
    }
}
