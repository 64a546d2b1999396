using System.Net;
using System.Text.Json;
using Hybrid.CloudConnector.Pools;
using Hybrid.Engines.LlamaCpp;
using Hybrid.Targets;

namespace Hybrid.CloudWorker.Tests.Hosting;

/// <summary>The worker's process with two models in a budget that holds one at a time.</summary>
public class SeveralModelsTests
{
    private const string Question = "Tell me about the sea, the moon and why cats purr.";
    private static readonly string[] Ids = ["hybrid-edge-q8_0", "large"];
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromSeconds(120));

    [Fact]
    public async Task Each_request_gets_the_model_that_it_names_and_its_lone_answer()
    {
        var expected = new[] { await AloneAsync(Repository.EdgeModel), await AloneAsync(Repository.CloudModel) };
        Assert.NotEqual(expected[0], expected[1]);
        var budget = await LlamaEngine.EstimateMemoryAsync(Options(Repository.CloudModel));
        await using var worker = await StartAsync("--memory-budget", $"{budget}");
        using var http = new HttpClient { BaseAddress = worker.Http };
        using var list = JsonDocument.Parse(await http.GetStringAsync("/v1/models", _limit.Token));
        Assert.Equal(Ids, list.RootElement.GetProperty("data").EnumerateArray().Select(model => model.GetProperty("id").GetString()));

        for (var round = 0; round < 4; round++)
        {
            var (asked, other) = (round % 2, 1 - (round % 2));
            var (status, body) = await ChatAsync(http, Ids[asked]);
            Assert.Equal((HttpStatusCode.OK, Ids[asked], expected[asked]), (status, body.GetProperty("model").GetString(), Text(body)));
            Assert.Equal(TargetReadiness.Warm, (await StateAsync(worker, Ids[asked])).Readiness);
            Assert.Equal(TargetReadiness.Cold, (await StateAsync(worker, Ids[other])).Readiness);
            Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/health", _limit.Token)).StatusCode);
        }

        Assert.Equal(expected[0], Text((await ChatAsync(http, model: null)).Body));
        var unknown = await ChatAsync(http, "other");
        Assert.Equal((HttpStatusCode.NotFound, "model_not_found"), (unknown.Status, unknown.Body.GetProperty("error").GetProperty("code").GetString()));
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/v1/models/large", _limit.Token)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync("/v1/models/other", _limit.Token)).StatusCode);
    }

    [Fact]
    public async Task Over_grpc_too_and_at_once()
    {
        var expected = new[] { await AloneAsync(Repository.EdgeModel), await AloneAsync(Repository.CloudModel) };
        var budget = await LlamaEngine.EstimateMemoryAsync(Options(Repository.CloudModel));
        await using var worker = await StartAsync("--memory-budget", $"{budget}");
        await using var edge = Target(worker, null);
        await using var large = Target(worker, "large");
        await using var other = Target(worker, "other");
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => ReadAsync(i % 2 == 0 ? edge : large)));
        Assert.All(answers, (answer, i) => Assert.Equal(expected[i % 2], answer));
        Assert.Equal(HybridError.InvalidRequest, (await Assert.ThrowsAsync<HybridException>(() => ReadAsync(other))).Error);
        Assert.Equal(HybridError.InvalidRequest, (await Assert.ThrowsAsync<HybridException>(() => other.WarmAsync(_limit.Token).AsTask())).Error);
    }

    [Fact]
    public async Task A_model_without_use_is_unloaded()
    {
        await using var worker = await StartAsync("--keep-alive", "0s");
        await using var large = Target(worker, "large");
        Assert.NotEmpty(await ReadAsync(large));
        while ((await StateAsync(worker, "large")).Readiness != TargetReadiness.Cold)
            _limit.Token.ThrowIfCancellationRequested();
        Assert.NotEmpty(await ReadAsync(large));
    }

    private static LlamaEngineOptions Options(string path) => new() { ModelPath = path, Slots = 1, KvTokens = 2048, Threads = 1, Poll = 0 };

    private async Task<string> AloneAsync(string path)
    {
        await using var engine = await LlamaEngine.LoadAsync(Options(path), cancellationToken: _limit.Token);
        return await ReadAsync(engine);
    }

    private Task<WorkerProcess> StartAsync(params string[] more) => WorkerProcess.StartAsync(
        Repository.Worker, ["--model", Repository.EdgeModel, "--model", $"large={Repository.CloudModel}", "--slots", "1", "--kv-tokens", "2048", "--threads", "1", "--poll", "0", .. more], _limit.Token);

    private static WorkerTarget Target(WorkerProcess worker, string? id) => new(new()
    {
        Endpoint = worker.Grpc,
        Descriptor = new() { Name = "worker", Model = "m", Zone = Zone.Device },
        ModelId = id,
    });

    private async Task<TargetState> StateAsync(WorkerProcess worker, string id)
    {
        await using var target = Target(worker, id);
        return await target.RefreshAsync(_limit.Token);
    }

    private async Task<string> ReadAsync(ITarget target)
    {
        var text = "";
        var request = new DecodeRequest { Prompt = new MessagesPrompt([new("user", Question)]), Sampling = SamplingOptions.Greedy, MaxTokens = 24 };
        await foreach (var update in target.GenerateAsync(request, _limit.Token))
            text += update.Text;
        return text;
    }

    private async Task<(HttpStatusCode Status, JsonElement Body)> ChatAsync(HttpClient http, string? model)
    {
        var json = JsonSerializer.Serialize(new { model, messages = new[] { new { role = "user", content = Question } }, temperature = 0, max_tokens = 24 });
        using var response = await http.PostAsync("/v1/chat/completions", new StringContent(json, System.Text.Encoding.UTF8, "application/json"), _limit.Token);
        return (response.StatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync(_limit.Token)).RootElement);
    }

    private static string? Text(JsonElement body) => body.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString();
}
