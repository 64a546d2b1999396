using System.Net;
using System.Text.Json;

namespace Hybrid.CloudWorker.Tests.OpenAi;

public class OpenAiRefusalTests
{
    private const string Chat = "/v1/chat/completions";
    private const string Ask = """{"messages":[{"role":"user","content":"hi"}]""";

    [Theory]
    [InlineData(""","tools":[{"type":"function"}]""", "tools[0].function")]
    [InlineData(""","functions":[{"name":"f"}]""", "functions")]
    [InlineData(""","tool_choice":"required" """, "tool_choice")]
    [InlineData(""","response_format":"json_object" """, "response_format")]
    [InlineData(""","response_format":{"type":"xml"}""", "response_format")]
    [InlineData(""","response_format":{"type":"json_object","schema":{}}""", "schema")]
    [InlineData(""","response_format":{"type":"json_schema"}""", "response_format.json_schema")]
    [InlineData(""","response_format":{"type":"json_schema","json_schema":{"schema":true}}""", "response_format.json_schema.schema")]
    [InlineData(""","response_format":{"type":"json_object"},"grammar":"root ::= [a]\n" """, "grammar")]
    [InlineData(""","response_format":{}""", "response_format")]
    [InlineData(""","logprobs":true,"top_logprobs":21""", "top_logprobs")]
    [InlineData(""","top_logprobs":2""", "top_logprobs")]
    [InlineData(""","logit_bias":{"5":1}""", "logit_bias")]
    [InlineData(""","n":2""", "n")]
    [InlineData(""","store":true""", "store")]
    [InlineData(""","modalities":["audio"]""", "modalities")]
    [InlineData(""","reasoning_effort":"high" """, "reasoning_effort")]
    [InlineData(""","surprise":1""", "surprise")]
    [InlineData(""","temperature":2.5""", "temperature")]
    [InlineData(""","temperature":"hot" """, "temperature")]
    [InlineData(""","top_p":0""", "top_p")]
    [InlineData(""","top_k":-1""", "top_k")]
    [InlineData(""","seed":1.5""", "seed")]
    [InlineData(""","max_tokens":0""", "max_tokens")]
    [InlineData(""","max_tokens":3,"max_completion_tokens":4""", "max_tokens")]
    [InlineData(""","stop":["1","2","3","4","5"]""", "stop")]
    [InlineData(""","stop":"" """, "stop")]
    [InlineData(""","stream":"yes" """, "stream")]
    [InlineData(""","stream_options":{"include_usage":true}""", "stream_options")]
    [InlineData(""","continue_final_message":true,"add_generation_prompt":false""", "continue_final_message")]
    [InlineData(""","continue_final_message":true""", "continue_final_message")]
    [InlineData(""","add_generation_prompt":false""", "continue_final_message")]
    public async Task What_cannot_be_honoured_is_a_400_that_names_it(string field, string param)
    {
        await using var worker = await InProcessWorker.StartAsync();
        var (status, body) = await worker.AskAsync(Chat, Ask + field + "}");
        Refused(HttpStatusCode.BadRequest, param, status, body);
        Assert.Empty(worker.Target.Asked);
    }

    [Theory]
    [InlineData("""{"messages":[]}""", "messages")]
    [InlineData("""{}""", "messages")]
    [InlineData("""{"messages":["hi"]}""", "messages[0]")]
    [InlineData("""{"messages":[{"role":"robot","content":"x"}]}""", "messages[0].role")]
    [InlineData("""{"messages":[{"role":"user"}]}""", "messages[0].content")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]}""", "messages[0].content")]
    [InlineData("""{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"","tool_calls":[{}]}]}""", "messages[1].tool_calls[0].function")]
    public async Task A_bad_message_is_named_by_its_place(string request, string param)
    {
        await using var worker = await InProcessWorker.StartAsync();
        var (status, body) = await worker.AskAsync(Chat, request);
        Refused(HttpStatusCode.BadRequest, param, status, body);
    }

    [Theory]
    [InlineData("/v1/completions", """{"prompt":["a","b"]}""", "prompt")]
    [InlineData("/v1/completions", """{"prompt":[1,-2]}""", "prompt")]
    [InlineData("/v1/completions", """{"prompt":[]}""", "prompt")]
    [InlineData("/v1/completions", """{"prompt":[["a"]]}""", "prompt")]
    [InlineData("/v1/completions", """{"prompt":"a","echo":true}""", "echo")]
    [InlineData("/v1/completions", """{"prompt":"a","best_of":2}""", "best_of")]
    [InlineData("/v1/completions", """{"prompt":"a","suffix":"z"}""", "suffix")]
    [InlineData("/v1/completions", """{"prompt":"a","logprobs":3}""", "logprobs")]
    [InlineData("/v1/embeddings", """{"input":[]}""", "input")]
    [InlineData("/v1/embeddings", """{"input":[1,2]}""", "input")]
    [InlineData("/v1/embeddings", """{"input":"a","encoding_format":"hex"}""", "encoding_format")]
    [InlineData("/v1/embeddings", """{"input":"a","dimensions":3}""", "dimensions")]
    public async Task Other_endpoints_refuse_by_name_too(string path, string request, string param)
    {
        await using var worker = await InProcessWorker.StartAsync();
        var (status, body) = await worker.AskAsync(path, request);
        Refused(HttpStatusCode.BadRequest, param, status, body);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("[1]")]
    [InlineData("")]
    [InlineData("{\"messages\":")]
    public async Task A_body_that_is_no_json_object_is_a_400(string request)
    {
        await using var worker = await InProcessWorker.StartAsync();
        var (status, body) = await worker.AskAsync(Chat, request);
        Refused(HttpStatusCode.BadRequest, null, status, body);
    }

    [Fact]
    public async Task Another_model_is_a_404()
    {
        await using var worker = await InProcessWorker.StartAsync();
        var (status, body) = await worker.AskAsync(Chat, Ask + ""","model":"gpt-9"}""");
        Refused(HttpStatusCode.NotFound, "model", status, body);
        Assert.Equal("model_not_found", body.GetProperty("error").GetProperty("code").GetString());
        Assert.Equal(HttpStatusCode.NotFound, (await worker.AskAsync("/v1/responses", "{}")).Status);
    }

    [Fact]
    public async Task A_request_over_the_limit_is_a_413()
    {
        await using var worker = await InProcessWorker.StartAsync(options => options.MaxRequestBytes = 2048);
        var (status, body) = await worker.AskAsync(Chat, $$"""{"messages":[{"role":"user","content":"{{new string('x', 4096)}}"}]}""");
        Refused(HttpStatusCode.RequestEntityTooLarge, null, status, body);
    }

    private static void Refused(HttpStatusCode expected, string? param, HttpStatusCode status, JsonElement body)
    {
        Assert.Equal(expected, status);
        var error = body.GetProperty("error");
        Assert.Equal(param, error.GetProperty("param").GetString());
        Assert.NotEqual("", error.GetProperty("message").GetString());
        Assert.DoesNotContain("   at ", body.GetRawText(), StringComparison.Ordinal);
    }
}
