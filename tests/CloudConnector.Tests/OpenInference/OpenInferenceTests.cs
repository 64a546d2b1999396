using System.Text.Json;
using Hybrid.Accounting;
using Hybrid.CloudConnector.OpenInference;
using Hybrid.CloudConnector.Tests.Pools;
using Hybrid.Network;
using Hybrid.Targets;
using Hybrid.Tests;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Hybrid.CloudConnector.Tests.OpenInference;

/// <summary>Whole answers, as KServe and others give them, and what is asked of servers beside answers.</summary>
public class OpenInferenceTests
{
    [Theory]
    [InlineData("kserve", "full")]
    [InlineData("kserve", "basic")]
    [InlineData("kserve", "text")]
    [InlineData("triton", "text")]
    public async Task An_answer_comes_in_one_update(string dialect, string metadata)
    {
        await using var pool = await InferencePool.StartAsync(new { dialect, metadata });
        await using var target = new OpenInferenceTarget(pool.Options with { Streaming = false });
        List<DecodeUpdate> updates = [];
        await foreach (var update in target.GenerateAsync(InferencePool.Ask("Tell me: ") with { MaxTokens = 6 }, pool.Peer.Limit))
            updates.Add(update);
        Assert.Equal(2, updates.Count);
        Assert.Equal("Ada keeps a small blue boat", updates[0].Text);
        Assert.Null(updates[0].Completion);
        var completion = updates[1].Completion!;
        Assert.Equal(metadata == "full" ? 6 : 7, completion.OutputTokens); // 27 bytes: an estimate
        Assert.Equal(DecodeFinish.Length, completion.Finish);
        var seen = await pool.Peer.SawAsync("request");
        Assert.Equal(6, seen.GetProperty("sampling").GetProperty("max_tokens").GetInt32());
        Assert.Equal(metadata == "text", seen.GetProperty("given").TryGetProperty("max_tokens", out _));
        Assert.False(seen.GetProperty("values").TryGetProperty("stream", out var stream) && stream.GetBoolean());
    }

    [Fact]
    public async Task Parameters_of_a_request_keep_their_kinds_and_stop_strings_are_kept_here()
    {
        await using var pool = await InferencePool.StartAsync(new { dialect = "kserve", metadata = "text" });
        await using var target = new OpenInferenceTarget(pool.Options with { Streaming = false });
        var answer = await Asking.AskAsync(target, InferencePool.Ask("x") with { StopSequences = [" boat"], Sampling = new() { Temperature = 0.7f, Seed = 7_000_000_000 } });
        Assert.Equal(("Ada keeps a small blue", DecodeFinish.Stop), (answer.Text, answer.Completion?.Finish));
        var given = (await pool.Peer.SawAsync("request")).GetProperty("given");
        Assert.Equal(0.7, given.GetProperty("temperature").GetDouble());
        Assert.Equal(7_000_000_000, given.GetProperty("seed").GetInt64());
        Assert.Equal(40, given.GetProperty("top_k").GetInt32());
        Assert.False(given.TryGetProperty("stop", out _));
    }

    [Fact]
    public async Task Tensors_may_have_other_names_and_wrong_ones_are_named_with_those_there_are()
    {
        await using var pool = await InferencePool.StartAsync(new { dialect = "kserve", metadata = "renamed" });
        var options = pool.Options with { Streaming = false, TextInput = "PROMPT", TextOutput = "COMPLETION" };
        await using var target = new OpenInferenceTarget(options);
        Assert.Equal(pool.Story, (await Asking.AskAsync(target, InferencePool.Ask("x"))).Text);
        foreach (var (wrong, words) in new[] { (options with { TextInput = "text_input" }, "TextInput: model 'story' has no input 'text_input'; it has PROMPT"), (options with { TextOutput = "x" }, "TextOutput: model 'story' has no output 'x'; it has COMPLETION") })
        {
            await using var other = new OpenInferenceTarget(wrong);
            var fault = (await Asking.AskAsync(other, InferencePool.Ask("x"))).Fault!;
            Assert.Equal(HybridError.Configuration, fault.Error);
            Assert.Contains(words, fault.Message, StringComparison.Ordinal);
        }

        await pool.OrderAsync(new { metadata = "numbers" });
        await using var numbers = new OpenInferenceTarget(pool.Options with { Streaming = false });
        Assert.Contains("'text_input' of model 'story' is FP32; text is BYTES", (await Asking.AskAsync(numbers, InferencePool.Ask("x"))).Fault!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("!busy", HybridError.Busy)]
    [InlineData("!textless", HybridError.TargetUnavailable)]
    public async Task A_refusal_has_its_kind(string prompt, HybridError error)
    {
        await using var pool = await InferencePool.StartAsync(new { dialect = "kserve", metadata = "text" });
        await using var target = new OpenInferenceTarget(pool.Options with { Streaming = false });
        Assert.Equal(error, (await Asking.AskAsync(target, InferencePool.Ask(prompt))).Fault?.Error);
    }

    [Fact]
    public async Task A_chat_goes_through_the_template_and_goes_on_behind_what_was_said()
    {
        var template = Path.GetTempFileName();
        await File.WriteAllTextAsync(template, "{{ bos_token }}{% for m in messages %}<{{ m.role }}>{{ m.content }}{{ eos_token }}{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}");
        try
        {
            await using var pool = await InferencePool.StartAsync();
            await using var target = new OpenInferenceTarget(pool.Options with { ChatTemplatePath = template, EosToken = "</s>" });
            var chat = InferencePool.Ask("") with { Prompt = new MessagesPrompt([new("system", "Be brief."), new("user", "Who?")]), Continuation = "Ada keeps" };
            var answer = await Asking.AskAsync(target, chat);
            Assert.StartsWith(" a small", answer.Text, StringComparison.Ordinal);
            Assert.Equal("<system>Be brief.</s><user>Who?</s><assistant>Ada keeps", (await pool.Peer.SawAsync("request")).GetProperty("prompt").GetString());
        }
        finally
        {
            File.Delete(template);
        }
    }

    [Theory]
    [InlineData("triton", "triton")]
    [InlineData("openinference", "kserve")]
    public async Task A_configured_pool_answers_a_chat_and_takes_one_over_from_another(string type, string dialect)
    {
        var template = Path.GetTempFileName();
        await File.WriteAllTextAsync(template, "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}<assistant>");
        await using var server = await InferencePool.StartAsync(new { dialect });
        var settings = new Dictionary<string, string?>
        {
            ["Hybrid:Pools:far:Type"] = type,
            ["Hybrid:Pools:far:Endpoint"] = server.Options.Endpoint.ToString(),
            ["Hybrid:Pools:far:Zone"] = "site",
            ["Hybrid:Pools:far:Model"] = "story",
            ["Hybrid:Pools:far:Settings:ChatTemplatePath"] = template,
            ["Hybrid:Pools:far:Settings:BosToken"] = "<s>",
            ["Hybrid:Pools:far:DollarsPerMillionOutputTokens"] = "10000",
        };
        var broken = new ChatClients.ScriptedChatClient(token => ChatClients.ScriptedChatClient.Say([ChatClients.ScriptedChatClient.Text(server.Story[..31])], new HttpRequestException("gone"), token));
        var services = new ServiceCollection();
        services.AddHybrid(new ConfigurationBuilder().AddInMemoryCollection(settings).Build()).AddCloudConnector();
        services.AddHybridChatClientTarget(new() { Name = "near", Model = "m", Zone = Zone.Site, Capabilities = TargetCapabilities.Chat }, broken);
        await using var provider = services.BuildServiceProvider();
        var client = provider.GetRequiredService<HybridChatClient>();
        var alone = await client.GetResponseAsync("Who?", new ChatOptions().WithTarget("far"), server.Peer.Limit);
        Assert.Equal(server.Story, alone.Text);
        var moved = await client.GetResponseAsync("Who?", cancellationToken: server.Peer.Limit);
        Assert.Equal(server.Story, moved.Text);
        Assert.Equal(["near", "far"], ((RequestReceipt)moved.AdditionalProperties![HybridUpdateKeys.Receipt]!).Segments.Select(segment => segment.Target));
        File.Delete(template);
    }

    [Fact]
    public async Task What_such_servers_cannot_do_is_refused_before_anything_is_sent()
    {
        await using var target = new OpenInferenceTarget(new() { Endpoint = new("http://127.0.0.1:1"), Descriptor = new() { Name = "far", Model = "m", Zone = Zone.Site } });
        var ask = InferencePool.Ask("x");
        using var schema = JsonDocument.Parse("{}");
        foreach (var (request, words) in new[]
        {
            (ask with { Prompt = new MessagesPrompt([new("user", "x")]) }, "ChatTemplatePath"),
            (ask with { Prompt = new TokensPrompt(new[] { 1 }) }, "no token ids"),
            (ask with { LogProbabilities = 0 }, "no log-probabilities"),
            (ask with { Tools = [new("f", "", schema.RootElement)] }, "no tools"),
            (ask with { Format = new JsonOutput(), Continuation = "{" }, "output format"),
        })
        {
            var fault = (await Asking.AskAsync(target, request)).Fault!;
            Assert.Equal(HybridError.InvalidRequest, fault.Error);
            Assert.Contains(words, fault.Message, StringComparison.Ordinal);
        }

        Assert.Equal(HybridError.NoTargetAllowed, (await Asking.AskAsync(target, ask with { Privacy = PrivacyClass.Secret })).Fault?.Error);
        Assert.Equal(HybridError.DeadlineExceeded, (await Asking.AskAsync(target, ask with { Deadline = DateTimeOffset.UnixEpoch })).Fault?.Error);
        var nobody = (await Asking.AskAsync(target, ask)).Fault!;
        Assert.Equal(HybridError.TargetUnavailable, nobody.Error);
        Assert.True(BrokenConnection.Is(nobody));
        Assert.False(await target.ProbeAsync());
    }

    [Theory]
    [InlineData("triton", true)]
    [InlineData("kserve", false)]
    public async Task A_probe_tells_how_the_model_is(string dialect, bool streaming)
    {
        await using var pool = await InferencePool.StartAsync(new { dialect });
        var options = pool.Options with { Streaming = streaming };
        await using var target = new OpenInferenceTarget(options);
        await using var loads = new OpenInferenceTarget(options with { Repository = dialect == "triton" ? ModelRepository.Triton : ModelRepository.KServe });
        await using var other = new OpenInferenceTarget(options with { ModelId = "another" });
        await ExpectAsync(target, TargetReadiness.Warm);
        await ExpectAsync(other, TargetReadiness.Unavailable);
        await pool.OrderAsync(new { loaded = false });
        await ExpectAsync(target, TargetReadiness.Unavailable);
        await ExpectAsync(loads, TargetReadiness.Cold);
        await pool.OrderAsync(new { serverReady = false });
        await ExpectAsync(target, TargetReadiness.Warming);
        await pool.OrderAsync(new { loaded = true });
        await ExpectAsync(target, TargetReadiness.Warm); // Triton is not ready as long as any of its models is not
        await pool.OrderAsync(new { behindProxy = true });
        await ExpectAsync(target, TargetReadiness.Unavailable);

        async Task ExpectAsync(OpenInferenceTarget asked, TargetReadiness readiness)
        {
            Assert.True(await asked.ProbeAsync(pool.Peer.Limit));
            Assert.Equal(readiness, asked.State.Readiness);
        }
    }

    [Fact]
    public async Task One_that_any_question_wakes_is_not_asked()
    {
        await using var target = new OpenInferenceTarget(new() { Endpoint = new("http://127.0.0.1:1"), Descriptor = new() { Name = "far", Model = "m", Zone = Zone.Site }, CanProbe = false });
        Assert.Null(await target.ProbeAsync());
        Assert.Equal(TargetReadiness.Unknown, target.State.Readiness);
    }

    [Theory]
    [InlineData("triton", true, """{"parameters":{},"repository_name":"","model_name":"story"}""")]
    [InlineData("kserve", false, """{"model_name":"story"}""")]
    public async Task A_model_is_loaded_unloaded_and_loaded_again_by_a_request(string dialect, bool streaming, string message)
    {
        await using var pool = await InferencePool.StartAsync(new { dialect, loaded = false });
        var options = pool.Options with { Streaming = streaming, Repository = dialect == "triton" ? ModelRepository.Triton : ModelRepository.KServe };
        await using var target = new OpenInferenceTarget(options);
        await target.WarmAsync(pool.Peer.Limit);
        Assert.Equal(message, (await pool.Peer.SawAsync("load")).GetProperty("request").GetRawText());
        Assert.Equal(TargetReadiness.Warm, target.State.Readiness);
        await target.WarmAsync(pool.Peer.Limit);
        Assert.Equal(pool.Story, (await Asking.AskAsync(target, InferencePool.Ask("x"))).Text);
        await target.UnloadAsync(pool.Peer.Limit);
        Assert.Equal(message, (await pool.Peer.SawAsync("unload")).GetProperty("request").GetRawText());
        Assert.Equal(TargetReadiness.Cold, target.State.Readiness);
        Assert.Equal(pool.Story, (await Asking.AskAsync(target, InferencePool.Ask("x"))).Text);
        await pool.Peer.SawAsync("load");
        Assert.Equal(TargetReadiness.Warm, target.State.Readiness);
    }

    [Fact]
    public async Task Who_cannot_load_says_so()
    {
        await using var polling = await InferencePool.StartAsync(new { loaded = false });
        await polling.OrderAsync(new Dictionary<string, object> { ["explicit"] = false });
        await using var target = new OpenInferenceTarget(polling.Options with { Repository = ModelRepository.Triton });
        var fault = await Assert.ThrowsAsync<HybridException>(async () => await target.WarmAsync(polling.Peer.Limit));
        Assert.Equal(HybridError.TargetUnavailable, fault.Error);
        Assert.Contains("explicit model load", fault.Message, StringComparison.Ordinal);

        await using var refusing = await InferencePool.StartAsync(new { dialect = "kserve", loaded = false, refuses = true });
        await using var kserve = new OpenInferenceTarget(refusing.Options with { Repository = ModelRepository.KServe, Streaming = false });
        fault = await Assert.ThrowsAsync<HybridException>(async () => await kserve.WarmAsync(refusing.Peer.Limit));
        Assert.Contains("did not load model 'story'", fault.Message, StringComparison.Ordinal);
        fault = await Assert.ThrowsAsync<HybridException>(async () => await kserve.UnloadAsync(refusing.Peer.Limit));
        Assert.Contains("did not unload model 'story'", fault.Message, StringComparison.Ordinal);

        await using var none = new OpenInferenceTarget(polling.Options);
        fault = await Assert.ThrowsAsync<HybridException>(async () => await none.UnloadAsync(polling.Peer.Limit));
        Assert.Equal(HybridError.Configuration, fault.Error);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Warming_waits_until_the_model_is_ready_and_no_longer_than_it_may(bool inTime)
    {
        var time = new ManualTimeProvider();
        await using var pool = await InferencePool.StartAsync(new { looksUntilReady = inTime ? 3 : 1000, serverReady = false });
        await using var target = new OpenInferenceTarget(pool.Options with { FirstUpdateTimeout = TimeSpan.FromSeconds(10) }, time);
        var warm = target.WarmAsync(pool.Peer.Limit).AsTask();
        for (var look = 0; look < (inTime ? 3 : 10); look++)
        {
            await pool.Peer.SawAsync("look");
            await UntilItPausesAsync(time, pool.Peer.Limit);
            Assert.Equal(TargetReadiness.Warming, target.State.Readiness);
            Assert.False(warm.IsCompleted);
            time.Advance(TimeSpan.FromSeconds(1));
        }

        if (inTime)
        {
            await warm;
            Assert.Equal(TargetReadiness.Warm, target.State.Readiness);
            return;
        }

        var fault = await Assert.ThrowsAsync<HybridException>(() => warm);
        Assert.Equal(HybridError.TargetUnavailable, fault.Error);
        Assert.Contains("10 s", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Warming_waits_through_a_proxy_that_has_nobody_behind_it_yet()
    {
        var time = new ManualTimeProvider();
        await using var pool = await InferencePool.StartAsync(new { behindProxy = true });
        await using var target = new OpenInferenceTarget(pool.Options, time);
        var warm = target.WarmAsync(pool.Peer.Limit).AsTask();
        await pool.Peer.SawAsync("look");
        await pool.OrderAsync(new { behindProxy = false });
        await UntilItPausesAsync(time, pool.Peer.Limit);
        time.Advance(TimeSpan.FromSeconds(1));
        await warm;
        Assert.Equal(TargetReadiness.Warm, target.State.Readiness);
    }

    private static async Task UntilItPausesAsync(ManualTimeProvider time, CancellationToken limit)
    {
        while (!time.HasTimerAt(TimeSpan.FromSeconds(1)))
        {
            limit.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
