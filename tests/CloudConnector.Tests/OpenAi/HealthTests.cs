using Hybrid.CloudConnector.OpenAi;
using Hybrid.Targets;
using Hybrid.Tests;

namespace Hybrid.CloudConnector.Tests.OpenAi;

/// <summary>How a pool says it is, and what wakes it.</summary>
public class HealthTests
{
    private const string Gone = "{\"error\":\"no such page\"}";
    private static readonly string Answer = Wire.Stream + Wire.Role + Wire.Piece("a") + Wire.Stop.Replace("stop", "length") + Wire.Done;

    [Theory]
    [InlineData(200, "{\"status\":\"ok\"}", TargetReadiness.Warm, true)]
    [InlineData(200, "", TargetReadiness.Warm, true)]
    [InlineData(503, "{\"error\":{\"code\":503,\"message\":\"Loading model\",\"type\":\"unavailable_error\"}}", TargetReadiness.Warming, true)]
    [InlineData(503, "{\"status\":\"loading\",\"reason\":\"reading the file\"}", TargetReadiness.Warming, true)]
    [InlineData(503, "{\"status\":\"cold\",\"reason\":\"\"}", TargetReadiness.Cold, true)]
    [InlineData(503, "{\"status\":\"failed\",\"reason\":\"the file is damaged\"}", TargetReadiness.Unavailable, true)]
    [InlineData(503, "<html>", TargetReadiness.Unavailable, true)]
    [InlineData(500, "", TargetReadiness.Unavailable, true)]
    [InlineData(429, "", TargetReadiness.Unknown, true)]
    public async Task A_health_page_is_understood(int status, string body, TargetReadiness readiness, bool? answered)
    {
        await using var server = Pages(("/health", Wire.Json(status, body)));
        await using var target = new OpenAiTarget(Wire.Options(server.Endpoint));
        Assert.Equal(answered, await target.ProbeAsync());
        Assert.Equal(readiness, target.State.Readiness);
        Assert.DoesNotContain(server.Asked, asked => asked.Head.StartsWith("POST", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(200, TargetReadiness.Warm, true)]
    [InlineData(401, TargetReadiness.Unavailable, true)]
    [InlineData(500, TargetReadiness.Unavailable, true)]
    [InlineData(429, TargetReadiness.Unknown, true)]
    [InlineData(404, TargetReadiness.Unknown, null)]
    public async Task Where_there_is_no_health_page_the_list_of_models_counts(int status, TargetReadiness readiness, bool? answered)
    {
        await using var server = Pages(("/v1/models?tenant=1", Wire.Json(status, "{}")));
        await using var target = new OpenAiTarget(Wire.Options(new(server.Endpoint, "/v1?tenant=1")));
        Assert.Equal(answered, await target.ProbeAsync());
        Assert.Equal(answered, await target.ProbeAsync());
        Assert.Equal(readiness, target.State.Readiness);
        Assert.Equal(["/health?tenant=1", "/v1/models?tenant=1", "/v1/models?tenant=1"], server.Asked.Select(asked => asked.Path));
    }

    [Fact]
    public async Task Out_of_reach_is_no_answer()
    {
        using var nobody = new HeldPort();
        await using var target = new OpenAiTarget(Wire.Options(nobody.Address));
        Assert.False(await target.ProbeAsync());
        Assert.Equal(TargetReadiness.Unavailable, target.State.Readiness);
    }

    [Fact]
    public async Task A_probe_does_not_end_the_time_that_the_pool_wants_to_be_left_alone()
    {
        var time = new ManualTimeProvider();
        await using var server = Pages(("/health", Wire.Json(200, "{}")), ("/v1/chat/completions", Wire.Json(429, "{}", "Retry-After: 60\r\n")));
        await using var target = new OpenAiTarget(Wire.Options(server.Endpoint), time);
        await Assert.ThrowsAsync<HybridException>(() => ServerCases.CollectAsync(target, Wire.Chat));
        Assert.True(await target.ProbeAsync());
        Assert.Equal(TargetReadiness.Unavailable, target.State.Readiness);
        time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(TargetReadiness.Warm, target.State.Readiness);
    }

    [Theory]
    [InlineData(WakeMode.Auto)]
    [InlineData(WakeMode.Vllm)]
    public async Task A_sleeping_vllm_is_woken_by_its_own_call(WakeMode wake)
    {
        var asleep = true;
        await using var server = new RawServer(exchange =>
        {
            asleep &= exchange.Path != "/wake_up";
            return exchange.SayAsync(exchange.Path switch
            {
                "/health" or "/wake_up" => Wire.Json(200, ""),
                "/is_sleeping" => Wire.Json(200, $"{{\"is_sleeping\":{(asleep ? "true" : "false")}}}"),
                _ => Wire.Json(404, Gone),
            });
        });
        await using var target = new OpenAiTarget(Wire.Options(server.Endpoint) with { Wake = wake });
        await target.ProbeAsync();
        Assert.Equal(TargetReadiness.Cold, target.State.Readiness);
        await target.WarmAsync();
        Assert.Equal(TargetReadiness.Warm, target.State.Readiness);
        Assert.Single(server.Asked, asked => asked.Head.StartsWith("POST /wake_up ", StringComparison.Ordinal));
        Assert.DoesNotContain(server.Asked, asked => asked.Path.EndsWith("/completions", StringComparison.Ordinal));
        var before = server.Asked.Count;
        await target.WarmAsync();
        Assert.Equal(before + 2, server.Asked.Count); // only asked how it is
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Llama_server_loads_its_model(bool router)
    {
        var loaded = false;
        await using var server = new RawServer(exchange =>
        {
            loaded |= exchange.Path == "/completion";
            return exchange.SayAsync(exchange.Path switch
            {
                "/health" => Wire.Json(200, ""),
                "/props" => Wire.Json(200, router ? "{\"role\":\"router\",\"is_sleeping\":true}" : "{\"is_sleeping\":true}"),
                "/models/load" => Wire.Json(400, "{\"error\":{\"code\":400,\"message\":\"model is already running\"}}"),
                "/completion" => Wire.Json(200, "{}"),
                _ => Wire.Json(404, Gone),
            });
        });
        await using var target = new OpenAiTarget(Wire.Options(server.Endpoint) with { Wake = WakeMode.LlamaServer });
        await target.WarmAsync();
        Assert.True(loaded);
        Assert.Equal(router ? ["{\"model\":\"scripted\"}"] : [], server.Asked.Where(asked => asked.Path == "/models/load").Select(asked => asked.Body));
        Assert.Equal("{\"model\":\"scripted\",\"prompt\":\"\",\"n_predict\":0}", server.Asked.Single(asked => asked.Path == "/completion").Body);
    }

    [Fact]
    public async Task A_pool_that_was_scaled_to_zero_is_woken_by_a_request_of_one_token()
    {
        await using var server = Pages(("/v1/models", Wire.Json(200, "{}")), ("/v1/chat/completions", Answer));
        await using var target = new OpenAiTarget(Wire.Options(server.Endpoint) with { Wake = WakeMode.Request });
        await target.WarmAsync();
        Assert.Contains("\"max_tokens\":1", server.Asked[^1].Body, StringComparison.Ordinal);
        Assert.Equal(TargetReadiness.Warm, target.State.Readiness);
    }

    [Fact]
    public async Task A_loading_pool_is_asked_again_until_it_is_ready()
    {
        const string Loading = "{\"error\":{\"code\":503,\"message\":\"Loading model\",\"type\":\"unavailable_error\"}}";
        var refusals = 0;
        await using var server = new RawServer(exchange => exchange.SayAsync(exchange.Path switch
        {
            "/health" => Wire.Json(refusals == 3 ? 200 : 503, Loading),
            "/v1/chat/completions" => Refused(),
            _ => Wire.Json(404, Gone),
        }));
        string Refused()
        {
            refusals++;
            return Wire.Json(503, Loading);
        }

        var time = new PausingTime(TimeSpan.FromSeconds(20));
        await using var target = new OpenAiTarget(Wire.Options(server.Endpoint), time);
        await target.WarmAsync();
        Assert.Equal((TargetReadiness.Warm, 3, 3), (target.State.Readiness, refusals, time.Pauses));
    }

    [Fact]
    public async Task A_pool_that_does_not_become_ready_in_time_is_a_failure_that_says_so()
    {
        await using var server = Pages(("/health", Wire.Json(503, "{\"status\":\"loading\"}")), ("/v1/chat/completions", Wire.Json(503, "{}")));
        var time = new PausingTime(TimeSpan.FromSeconds(20), pauses: 5);
        await using var target = new OpenAiTarget(Wire.Options(server.Endpoint) with { FirstUpdateTimeout = TimeSpan.FromSeconds(20) }, time);
        var fault = await Assert.ThrowsAsync<HybridException>(() => target.WarmAsync().AsTask());
        Assert.Equal(HybridError.TargetUnavailable, fault.Error);
        Assert.Contains("not ready after 20 s", fault.Message, StringComparison.Ordinal);
        Assert.Equal(5, time.Pauses);
    }

    private static RawServer Pages(params (string Path, string Response)[] pages) =>
        new(exchange => exchange.SayAsync(pages.FirstOrDefault(page => page.Path == exchange.Path).Response ?? Wire.Json(404, Gone)));
}
