using Hybrid.CloudConnector.OpenInference;
using Hybrid.CloudConnector.Tests.Pools;
using Hybrid.Protocol;
using Hybrid.Targets;
using Hybrid.Tests;

namespace Hybrid.CloudConnector.Tests.OpenInference;

/// <summary>Streams of a server that behaves as Triton with its vLLM backend.</summary>
public class TritonTests
{
    [Theory]
    [InlineData("full")]
    [InlineData("batched")]
    [InlineData("basic")]
    [InlineData("none")]
    public async Task An_answer_streams_with_what_the_model_can_tell_of_it(string metadata)
    {
        await using var pool = await InferencePool.StartAsync(new { metadata });
        await using var target = new OpenInferenceTarget(pool.Options);
        List<DecodeUpdate> updates = [];
        await foreach (var update in target.GenerateAsync(InferencePool.Ask("Tell me: "), pool.Peer.Limit))
            updates.Add(update);
        Assert.Equal(pool.Story, string.Concat(updates.Select(update => update.Text)));
        Assert.True(updates.Count > 20);
        var completion = updates[^1].Completion!;
        Assert.Equal((DecodeFinish.Stop, updates.Sum(update => update.TokenCount)), (completion.Finish, completion.OutputTokens));
        Assert.Equal(updates.Count - 1, completion.OutputTokens);
        Assert.Equal(metadata is "full" or "batched" ? 3 : TokenEstimate.OfText("Tell me: "), completion.PromptTokens);
        Assert.Equal(TargetReadiness.Warm, target.State.Readiness);
        var seen = await pool.Peer.SawAsync("request");
        Assert.Equal("Tell me: ", seen.GetProperty("prompt").GetString());
        Assert.Equal("true", seen.GetProperty("grpcErrors").GetString());
        Assert.True(seen.GetProperty("values").GetProperty("stream").GetBoolean());
        Assert.True(seen.GetProperty("values").GetProperty("exclude_input_in_output").GetBoolean());
        Assert.Equal(metadata is "full" or "batched", seen.GetProperty("values").TryGetProperty("return_finish_reason", out _));
    }

    [Fact]
    public async Task Sampling_and_limits_reach_the_model_and_no_limit_is_not_vllms_sixteen()
    {
        await using var pool = await InferencePool.StartAsync();
        await using var target = new OpenInferenceTarget(pool.Options with { ApiKey = "k", Descriptor = pool.Options.Descriptor with { ContextLength = 4000 } });
        var request = InferencePool.Ask("x") with
        {
            MaxTokens = 3,
            Sampling = new() { Temperature = 0.7f, TopK = 0, TopP = 0.9f, MinP = 0, RepetitionPenalty = 1.1f, FrequencyPenalty = 0.5f, PresencePenalty = -0.5f, Seed = 7_000_000_000 },
            StopSequences = ["never", "\"so\""],
            Format = new JsonSchemaOutput("""{"type":"object"}"""),
        };
        var answer = await Asking.AskAsync(target, request);
        Assert.Equal(("Ada keeps a", DecodeFinish.Length, 3), (answer.Text, answer.Completion!.Finish, answer.Completion.OutputTokens));
        var seen = await pool.Peer.SawAsync("request");
        Assert.Equal("Bearer k", seen.GetProperty("key").GetString());
        Assert.Equal(
            """{"temperature":0.7,"top_k":-1,"top_p":0.9,"min_p":0,"repetition_penalty":1.1,"frequency_penalty":0.5,"presence_penalty":-0.5,"max_tokens":3,"seed":7000000000,"stop":["never","\"so\""],"guided_decoding":"{\"json\":{\"type\":\"object\"}}"}""",
            seen.GetProperty("values").GetProperty("sampling_parameters").GetString());
        await Asking.AskAsync(target, InferencePool.Ask("x"));
        Assert.Equal(4000, (await pool.Peer.SawAsync("request")).GetProperty("sampling").GetProperty("max_tokens").GetInt32());
    }

    [Fact]
    public async Task The_answer_goes_on_from_any_character()
    {
        await using var pool = await InferencePool.StartAsync();
        await using var target = new OpenInferenceTarget(pool.Options);
        for (var cut = 1; cut < pool.Story.Length; cut++)
        {
            if (char.IsLowSurrogate(pool.Story[cut]))
                continue;
            var answer = await Asking.AskAsync(target, InferencePool.Ask("Tell me: ") with { Continuation = pool.Story[..cut] });
            Assert.Null(answer.Fault);
            Assert.Equal(pool.Story[cut..], answer.Text);
        }
    }

    [Theory]
    [InlineData("!empty", "", "without a final response")]
    [InlineData("!no-final", "a", "without a final response")]
    [InlineData("!error", "a", "no blocks left")]
    [InlineData("!neither", "", "neither a response nor an error")]
    [InlineData("!after", "a", "went on after its final response")]
    [InlineData("!other-id", "", "answered another request ('another')")]
    [InlineData("!binary", "", "not UTF-8")]
    [InlineData("!half-character", "a", "not UTF-8")]
    [InlineData("!abort", "a", "finish reason 'abort'")]
    [InlineData("!no-reason", "a", "without the finish reason")]
    [InlineData("!lie-length", "", "5 bytes and says that 4294967280 of them")]
    [InlineData("!lie-short", "", "3 bytes")]
    [InlineData("!lie-longer", "", "9 bytes and says that 1 of them")]
    [InlineData("!lie-count", "", "2 outputs and the contents of 3")]
    [InlineData("!lie-none", "", "is empty and holds")]
    [InlineData("!lie-two", "", "2 elements")]
    [InlineData("!lie-shape", "", "dimension of -1")]
    [InlineData("!lie-huge", "", "2147483647 elements")]
    [InlineData("!lie-type", "", "is INT32 and not BYTES")]
    [InlineData("!lie-number", "", "is INT64 and not UINT32")]
    [InlineData("!lie-number-size", "", "not one number")]
    [InlineData("!lie-name", "", "no text in 'text_output'")]
    [InlineData("!lie-contents", "", "1 elements and holds 0")]
    public async Task A_server_that_breaks_the_protocol_is_unavailable_in_words(string prompt, string text, string words)
    {
        await using var pool = await InferencePool.StartAsync();
        await using var target = new OpenInferenceTarget(pool.Options);
        var answer = await Asking.AskAsync(target, InferencePool.Ask(prompt));
        Assert.Equal((text, HybridError.TargetUnavailable), (answer.Text, answer.Fault?.Error));
        Assert.Contains(words, answer.Fault!.Message, StringComparison.Ordinal);
        Assert.Contains("'far'", answer.Fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(prompt, answer.Fault.ToString(), StringComparison.Ordinal);
        Assert.Equal(TargetReadiness.Unavailable, target.State.Readiness);
    }

    [Theory]
    [InlineData("!nothing", "full", "", HybridError.TargetUnavailable)]
    [InlineData("!nothing", "basic", "", null)]
    [InlineData("!late-flag", "full", "a", null)]
    [InlineData("!split", "full", "ä🚢", null)]
    [InlineData("!status", "full", "a", HybridError.Busy)]
    public async Task What_is_odd_and_allowed_passes(string prompt, string metadata, string text, HybridError? error)
    {
        await using var pool = await InferencePool.StartAsync(new { metadata });
        await using var target = new OpenInferenceTarget(pool.Options);
        var answer = await Asking.AskAsync(target, InferencePool.Ask(prompt));
        Assert.Equal((text, error), (answer.Text, answer.Fault?.Error));
        Assert.Equal(error is null, answer.Completion is not null);
        if (prompt == "!late-flag")
            Assert.Equal(DecodeFinish.Length, answer.Completion!.Finish);
    }

    [Fact]
    public async Task A_stop_string_that_the_server_lets_through_ends_the_answer_and_the_servers_work()
    {
        await using var pool = await InferencePool.StartAsync();
        await using var target = new OpenInferenceTarget(pool.Options);
        var answer = await Asking.AskAsync(target, InferencePool.Ask("!through-stop") with { StopSequences = ["STOP"] });
        Assert.Equal(("xy", DecodeFinish.Stop), (answer.Text, answer.Completion?.Finish));
        await pool.Peer.SawAsync("cancelled");
    }

    [Fact]
    public async Task Cancelling_throws_and_is_seen_by_the_server()
    {
        await using var pool = await InferencePool.StartAsync();
        await using var target = new OpenInferenceTarget(pool.Options);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(pool.Peer.Limit);
        var asked = Task.Run(async () =>
        {
            await foreach (var update in target.GenerateAsync(InferencePool.Ask("!silent"), cancel.Token))
                Assert.Fail($"'{update.Text}' came");
        });
        await pool.Peer.SawAsync("request");
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
        await pool.Peer.SawAsync("cancelled");
    }

    [Theory]
    [InlineData(true, HybridError.DeadlineExceeded)]
    [InlineData(false, HybridError.TargetUnavailable)]
    public async Task Silence_ends_at_the_deadline_or_the_first_update_timeout(bool deadline, HybridError error)
    {
        var time = new ManualTimeProvider();
        await using var pool = await InferencePool.StartAsync();
        await using var target = new OpenInferenceTarget(pool.Options, time);
        var asked = Asking.AskAsync(target, InferencePool.Ask("!silent") with { Deadline = deadline ? time.GetUtcNow() + TimeSpan.FromMinutes(2) : null });
        await pool.Peer.SawAsync("request");
        time.Advance(deadline ? TimeSpan.FromMinutes(2) : TimeSpan.FromMinutes(3));
        Assert.Equal(error, (await asked).Fault?.Error);
        await pool.Peer.SawAsync("cancelled");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_model_that_is_not_there_is_the_pools_fault(bool grpcErrors)
    {
        await using var pool = await InferencePool.StartAsync(new { loaded = false, metadata = "full", grpcErrors });
        await using var target = new OpenInferenceTarget(pool.Options);
        foreach (var model in (string[])["story", "another"])
        {
            await using var one = new OpenInferenceTarget(pool.Options with { ModelId = model });
            var answer = await Asking.AskAsync(one, InferencePool.Ask("x"));
            Assert.Equal(HybridError.TargetUnavailable, answer.Fault?.Error);
            Assert.Contains($"'{model}'", answer.Fault!.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_model_that_goes_while_it_is_known_is_unavailable_with_and_without_statuses_and_is_looked_at_anew()
    {
        await using var pool = await InferencePool.StartAsync();
        await using var target = new OpenInferenceTarget(pool.Options);
        foreach (var grpcErrors in (bool[])[true, false])
        {
            Assert.Null((await Asking.AskAsync(target, InferencePool.Ask("x"))).Fault);
            await pool.OrderAsync(new { loaded = false, grpcErrors });
            var gone = await Asking.AskAsync(target, InferencePool.Ask("x"));
            Assert.Equal(HybridError.TargetUnavailable, gone.Fault?.Error);
            Assert.Contains("no available versions", gone.Fault!.Message, StringComparison.Ordinal);
            await pool.OrderAsync(new { loaded = true });
        }
    }

    [Fact]
    public async Task A_server_that_tells_nothing_of_its_models_has_not_failed()
    {
        await using var pool = await InferencePool.StartAsync(new { metadata = "none" });
        await using var target = new OpenInferenceTarget(pool.Options);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(pool.Peer.Limit);
        await using var updates = target.GenerateAsync(InferencePool.Ask("!silent"), cancel.Token).GetAsyncEnumerator(cancel.Token);
        var next = updates.MoveNextAsync().AsTask();
        await pool.Peer.SawAsync("request");
        Assert.Equal(TargetReadiness.Unknown, target.State.Readiness);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
        Assert.Equal(TargetReadiness.Unknown, target.State.Readiness);
    }

    [Fact]
    public async Task Whole_answers_of_a_model_that_streams_are_refused_by_triton_and_come_as_such()
    {
        await using var pool = await InferencePool.StartAsync();
        await using var target = new OpenInferenceTarget(pool.Options with { Streaming = false });
        var answer = await Asking.AskAsync(target, InferencePool.Ask("x"));
        Assert.Equal(HybridError.TargetUnavailable, answer.Fault?.Error);
        Assert.Contains("decoupled", answer.Fault!.Message, StringComparison.Ordinal);
        Assert.Equal(GrpcStatus.Unimplemented, Assert.IsType<GrpcException>(answer.Fault.InnerException).Status);
    }
}
