using System.ClientModel;
using System.Net;
using System.Text.Json;
using Hybrid.CloudConnector.Pools;
using Hybrid.Targets;
using OpenAI;
using OpenAI.Chat;

namespace Hybrid.CloudWorker.Tests;

/// <summary>The worker's process with the starter model, asked by clients that others wrote.</summary>
public sealed class ClientTests(ClientTests.RealWorker worker) : IClassFixture<ClientTests.RealWorker>
{
    private const string Prompt = "What does Ada keep in the harbour?";
    private const int MaxTokens = 24;
    private const string Key = "client-key";

    [Fact]
    public async Task Every_client_gets_the_same_greedy_text_whole_and_streamed()
    {
        var wanted = await OwnAsync();
        Assert.NotEqual("", wanted.Text);

        var js = await NodeAsync("openai.mjs", new { baseURL = new Uri(worker.Process.Http, "/v1"), model = worker.Name, prompt = Prompt, maxTokens = MaxTokens, apiKey = Key });
        Assert.Equal(wanted.Text, js.GetProperty("whole").GetString());
        Assert.Equal(wanted.Text, js.GetProperty("streamed").GetString());
        Assert.Equal(js.GetProperty("wholeFinish").GetString(), js.GetProperty("finish").GetString());
        Assert.Equal(js.GetProperty("wholeUsage").GetProperty("completion_tokens").GetInt32(), js.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        Assert.Equal(wanted.Completion.OutputTokens, js.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        Assert.Equal(worker.Name, Assert.Single(js.GetProperty("models").EnumerateArray()).GetString());
        Assert.Equal(2, js.GetProperty("vectors").EnumerateArray().Select(length => length.GetInt32()).Count(length => length > 0));
        Assert.Equal("""{"status":400,"param":null,"code":"invalid_value"}""", js.GetProperty("refused").GetRawText());

        var grpc = await NodeAsync("grpc.mjs", new { address = worker.Process.Grpc.Authority, proto = Repository.Proto, prompt = Prompt, maxTokens = MaxTokens, apiKey = Key });
        var answer = grpc.GetProperty("answer");
        Assert.Equal((0, wanted.Text), (answer.GetProperty("code").GetInt32(), answer.GetProperty("text").GetString()));
        Assert.Equal(wanted.Completion.OutputTokens, answer.GetProperty("completion").GetProperty("output_tokens").GetInt32());
        Assert.Equal("WARM", grpc.GetProperty("warm").GetProperty("readiness").GetString());
        Assert.Equal(1024, grpc.GetProperty("status").GetProperty("context_length").GetInt32());
        Assert.Equal(4, grpc.GetProperty("deadline").GetProperty("code").GetInt32());
        Assert.Equal(3, grpc.GetProperty("nothing").GetProperty("code").GetInt32());
        Assert.Equal(1, grpc.GetProperty("cancelled").GetProperty("code").GetInt32());

        var net = new OpenAIClient(new ApiKeyCredential(Key), new OpenAIClientOptions { Endpoint = new Uri(worker.Process.Http, "/v1") }).GetChatClient(worker.Name);
        var options = new ChatCompletionOptions { Temperature = 0, MaxOutputTokenCount = MaxTokens };
        var whole = await net.CompleteChatAsync([new UserChatMessage(Prompt)], options);
        Assert.Equal(wanted.Text, whole.Value.Content[0].Text);
        Assert.Equal(wanted.Completion.OutputTokens, whole.Value.Usage.OutputTokenCount);
        var streamed = "";
        await foreach (var update in net.CompleteChatStreamingAsync([new UserChatMessage(Prompt)], options))
            streamed += string.Concat(update.ContentUpdate.Select(part => part.Text));
        Assert.Equal(wanted.Text, streamed);
    }

    [Fact]
    public async Task A_continuation_goes_on_from_exactly_what_was_said()
    {
        var wanted = await OwnAsync();
        var said = wanted.Text[..(wanted.Text.Length / 2)];
        using var http = Client();
        using var response = await http.PostAsync("/v1/chat/completions", new StringContent(JsonSerializer.Serialize(new
        {
            messages = new[] { new { role = "user", content = Prompt }, new { role = "assistant", content = said } },
            continue_final_message = true,
            add_generation_prompt = false,
            temperature = 0,
            max_tokens = 4,
        })));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        using var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        var more = body.RootElement.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;
        await using var target = worker.Target();
        var direct = "";
        await foreach (var update in target.GenerateAsync(Ask() with { Continuation = said, MaxTokens = 4 }))
            direct += update.Text;
        Assert.Equal(direct, more);
        Assert.NotEqual(wanted.Text, more);
    }

    [Fact]
    public async Task A_prompt_beyond_the_context_is_a_400_that_says_so()
    {
        using var http = Client();
        using var response = await http.PostAsync("/v1/completions", new StringContent(JsonSerializer.Serialize(new { prompt = string.Concat(Enumerable.Repeat("the ship left the harbour ", 600)) })));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("context_length_exceeded", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_keeps_the_format_that_a_client_asks_for()
    {
        const string Schema = """{"type":"object","properties":{"keeper":{"type":"string","maxLength":20},"kind":{"enum":["boat","bird"]}},"required":["keeper","kind"],"additionalProperties":false}""";
        var net = new OpenAIClient(new ApiKeyCredential(Key), new OpenAIClientOptions { Endpoint = new Uri(worker.Process.Http, "/v1") }).GetChatClient(worker.Name);
        var options = new ChatCompletionOptions { MaxOutputTokenCount = 200, ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat("thing", BinaryData.FromString(Schema), jsonSchemaIsStrict: true) };
        var whole = await net.CompleteChatAsync([new UserChatMessage(Prompt)], options);
        Assert.Equal(ChatFinishReason.Stop, whole.Value.FinishReason);
        using var answer = JsonDocument.Parse(whole.Value.Content[0].Text);
        Assert.Contains(answer.RootElement.GetProperty("kind").GetString(), new[] { "boat", "bird" });

        await using var target = worker.Target();
        var text = "";
        await foreach (var update in target.GenerateAsync(Ask() with { Format = new GrammarOutput("root ::= \"the \" [a-z]{4}"), Continuation = "the b" }))
            text += update.Text;
        Assert.Matches("^[a-z]{3}$", text);

        using var http = Client();
        foreach (var (field, said) in new[] { ("\"grammar\":\"root ::= root\"", "root"), ("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"schema\":{\"not\":{}}}}", "$.not") })
        {
            using var refused = await http.PostAsync("/v1/completions", new StringContent("{\"prompt\":\"a\"," + field + "}"));
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
            Assert.Contains(said, await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }

    private static DecodeRequest Ask() => new()
    {
        Prompt = new MessagesPrompt([new PromptMessage("user", Prompt)]),
        Sampling = SamplingOptions.Greedy,
        MaxTokens = MaxTokens,
    };

    private HttpClient Client()
    {
        var client = new HttpClient { BaseAddress = worker.Process.Http };
        client.DefaultRequestHeaders.Authorization = new("Bearer", Key);
        return client;
    }

    private async Task<(string Text, DecodeCompletion Completion)> OwnAsync()
    {
        await using var target = worker.Target();
        var text = "";
        await foreach (var update in target.GenerateAsync(Ask()))
        {
            text += update.Text;
            if (update.Completion is { } completion)
                return (text, completion);
        }

        throw new InvalidOperationException("no completion");
    }

    private static async Task<JsonElement> NodeAsync(string script, object arguments)
    {
        var run = await WorkerRun.RunAsync("node", [script, JsonSerializer.Serialize(arguments)], Repository.Clients);
        Assert.True(run.Code == 0, run.Errors);
        return JsonDocument.Parse(run.Output).RootElement;
    }

    public sealed class RealWorker : IAsyncLifetime
    {
        public string Name => "starter";

        public WorkerProcess Process { get; private set; } = null!;

        public WorkerTarget Target() => new(new WorkerTargetOptions
        {
            Endpoint = Process.Grpc,
            ApiKey = Key,
            Descriptor = new TargetDescriptor { Name = "worker", Model = Name, Zone = Zone.Device },
        });

        public async ValueTask InitializeAsync()
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            Process = await WorkerProcess.StartAsync(
                Repository.Worker, ["--model", Repository.EdgeModel, "--name", Name, "--api-key", Key, "--threads", "1", "--poll", "0"], limit.Token);
            await using var target = Target();
            await target.WarmAsync(limit.Token);
        }

        public ValueTask DisposeAsync() => Process.DisposeAsync();
    }
}
