using System.Net;
using System.Runtime.InteropServices;
using System.Text.Json;
using Hybrid.Targets;

namespace Hybrid.CloudWorker.Tests.OpenAi;

public class OpenAiAnswerTests
{
    private const string Chat = "/v1/chat/completions";
    private const string Ask = """{"messages":[{"role":"user","content":"hi"}]""";

    [Fact]
    public async Task A_chat_answers_whole_with_its_usage()
    {
        await using var worker = await InProcessWorker.StartAsync();
        var (status, body) = await worker.AskAsync(Chat, Ask + ""","model":"scripted"}""");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("chat.completion", body.GetProperty("object").GetString());
        var choice = body.GetProperty("choices")[0];
        Assert.Equal("Hello wörld", choice.GetProperty("message").GetProperty("content").GetString());
        Assert.Equal("assistant", choice.GetProperty("message").GetProperty("role").GetString());
        Assert.Equal("stop", choice.GetProperty("finish_reason").GetString());
        Assert.Equal("""{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10,"prompt_tokens_details":{"cached_tokens":2}}""", body.GetProperty("usage").GetRawText());
    }

    [Fact]
    public async Task A_streamed_chat_opens_says_ends_counts_and_is_done()
    {
        await using var worker = await InProcessWorker.StartAsync();
        var events = await worker.StreamAsync(Chat, Ask + ""","stream":true,"stream_options":{"include_usage":true}}""");
        Assert.Equal("[DONE]", events[^1]);
        var chunks = events.SkipLast(1).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(6, chunks.Count);
        Assert.Single(chunks.Select(chunk => chunk.GetProperty("id").GetString()).Distinct());
        Assert.Equal("assistant", Delta(chunks[0]).GetProperty("role").GetString());
        Assert.Equal(["Hel", "lo", " wörld"], chunks[1..4].Select(chunk => Delta(chunk).GetProperty("content").GetString()));
        Assert.Equal("stop", chunks[4].GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.All(chunks[..4], chunk => Assert.Equal(JsonValueKind.Null, chunk.GetProperty("choices")[0].GetProperty("finish_reason").ValueKind));
        Assert.Empty(chunks[5].GetProperty("choices").EnumerateArray());
        Assert.Equal(10, chunks[5].GetProperty("usage").GetProperty("total_tokens").GetInt32());
    }

    [Fact]
    public async Task A_stream_that_did_not_ask_for_usage_gets_none()
    {
        await using var worker = await InProcessWorker.StartAsync();
        var events = await worker.StreamAsync(Chat, Ask + ""","stream":true}""");
        Assert.DoesNotContain(events, line => line.Contains("usage", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("\"once\"", "once")]
    [InlineData("[\"once\"]", "once")]
    [InlineData("[5,6,7]", "5,6,7")]
    [InlineData("[[5,6,7]]", "5,6,7")]
    public async Task A_text_completion_takes_a_string_an_array_of_one_and_token_ids(string prompt, string asked)
    {
        await using var worker = await InProcessWorker.StartAsync();
        var (status, body) = await worker.AskAsync("/v1/completions", $$"""{"prompt":{{prompt}}}""");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("Hello wörld", body.GetProperty("choices")[0].GetProperty("text").GetString());
        Assert.Equal(asked, worker.Target.Asked.Single().Prompt switch
        {
            TextPrompt text => text.Text,
            TokensPrompt tokens => string.Join(',', tokens.Tokens.ToArray()),
            var other => other.ToString(),
        });
        var events = await worker.StreamAsync("/v1/completions", $$"""{"prompt":{{prompt}},"stream":true}""");
        Assert.Equal("Hello wörld", string.Concat(events.SkipLast(1).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("choices")[0].GetProperty("text").GetString())));
        Assert.Equal("[DONE]", events[^1]);
    }

    [Fact]
    public async Task Every_parameter_reaches_the_target()
    {
        await using var worker = await InProcessWorker.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, Chat)
        {
            Content = new StringContent(Ask + """
                ,"temperature":0.25,"top_p":0.5,"top_k":7,"min_p":0.125,"repetition_penalty":1.5,"frequency_penalty":-0.5,"presence_penalty":0.75,
                "seed":-3,"max_completion_tokens":9,"stop":["a","b"],"user":"u","metadata":{"x":"y"},"store":false,"n":1,"tools":[],
                "response_format":{"type":"text"},"logprobs":false,"logit_bias":{},"stream":null}
                """),
        };
        request.Headers.Add("X-Hybrid-Privacy", "confidential");
        request.Headers.Add("X-Hybrid-Deadline-Milliseconds", "60000");
        using var response = await worker.Http.SendAsync(request, worker.Limit);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var asked = worker.Target.Asked.Single();
        Assert.Equal(
            new SamplingOptions { Temperature = 0.25f, TopP = 0.5f, TopK = 7, MinP = 0.125f, RepetitionPenalty = 1.5f, FrequencyPenalty = -0.5f, PresencePenalty = 0.75f, Seed = -3 },
            asked.Sampling);
        Assert.Equal(9, asked.MaxTokens);
        Assert.Equal(["a", "b"], asked.StopSequences);
        Assert.Equal(PrivacyClass.Confidential, asked.Privacy);
        Assert.NotNull(asked.Deadline);
    }

    [Fact]
    public async Task A_final_assistant_message_is_continued_when_asked_and_only_then()
    {
        await using var worker = await InProcessWorker.StartAsync();
        const string Messages = """{"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},{"role":"assistant","content":"so far "}]""";
        await worker.AskAsync(Chat, Messages + ""","continue_final_message":true,"add_generation_prompt":false}""");
        await worker.AskAsync(Chat, Messages + "}");
        Assert.Equal("so far ", worker.Target.Asked[0].Continuation);
        Assert.Equal([new PromptMessage("user", "ab")], ((MessagesPrompt)worker.Target.Asked[0].Prompt).Messages);
        Assert.Equal("", worker.Target.Asked[1].Continuation);
        Assert.Equal(2, ((MessagesPrompt)worker.Target.Asked[1].Prompt).Messages.Count);
    }

    [Fact]
    public async Task Embeddings_come_as_numbers_and_as_base64()
    {
        await using var worker = await InProcessWorker.StartAsync();
        var (_, numbers) = await worker.AskAsync("/v1/embeddings", """{"input":["abc","d"],"model":"scripted"}""");
        Assert.Equal([3f, -0.5f, 0.25f], numbers.GetProperty("data")[0].GetProperty("embedding").EnumerateArray().Select(value => value.GetSingle()));
        Assert.Equal(2, numbers.GetProperty("usage").GetProperty("total_tokens").GetInt32());
        var (_, base64) = await worker.AskAsync("/v1/embeddings", """{"input":"d","encoding_format":"base64"}""");
        Assert.Equal([1f, -0.5f, 0.25f], MemoryMarshal.Cast<byte, float>(base64.GetProperty("data")[0].GetProperty("embedding").GetBytesFromBase64()).ToArray());
    }

    [Fact]
    public async Task Models_health_and_the_front_page_say_what_is_here()
    {
        await using var worker = await InProcessWorker.StartAsync();
        Assert.Contains("\"id\":\"scripted\"", await worker.Http.GetStringAsync("/v1/models", worker.Limit), StringComparison.Ordinal);
        Assert.Contains("\"object\":\"model\"", await worker.Http.GetStringAsync("/v1/models/scripted", worker.Limit), StringComparison.Ordinal);
        using var other = await worker.Http.GetAsync("/v1/models/gpt-9", worker.Limit);
        Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);
        Assert.Contains("\"ok\"", await worker.Http.GetStringAsync("/health", worker.Limit), StringComparison.Ordinal);
        Assert.Contains("hybrid-worker", await worker.Http.GetStringAsync("/", worker.Limit), StringComparison.Ordinal);
    }

    private static JsonElement Delta(JsonElement chunk) => chunk.GetProperty("choices")[0].GetProperty("delta");
}
