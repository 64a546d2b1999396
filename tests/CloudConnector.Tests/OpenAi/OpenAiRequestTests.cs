using System.Text.Json;
using Hybrid.CloudConnector.OpenAi;
using Hybrid.CloudConnector.Tests.Pools;
using Hybrid.CloudWorker.Tests;
using Hybrid.Targets;
using Hybrid.Tests;

namespace Hybrid.CloudConnector.Tests.OpenAi;

/// <summary>What is sent, what is refused before, and that the worker understands it as it was meant.</summary>
public class OpenAiRequestTests
{
    private static readonly ToolDefinition Tool = new("find_boat", "Finds a boat.", JsonElement.Parse("""{"type":"object","properties":{"name":{"type":"string"}},"required":["name"]}"""));

    [Fact]
    public async Task The_worker_gets_the_request_as_it_was_meant()
    {
        await using var worker = await InProcessWorker.StartAsync();
        worker.Target.Answer = (_, _) => ScriptedTarget.Say("Hel", "lo");
        var descriptor = Wire.Options(worker.Server.Http, ServerCases.All).Descriptor with { Zone = Zone.Device };
        await using var target = new OpenAiTarget(Wire.Options(worker.Server.Http) with { Descriptor = descriptor, Sampling = SamplingFields.Vllm, PrivacyHeader = true, Continuation = ContinuationMode.Vllm });
        var asked = new DecodeRequest
        {
            Prompt = new MessagesPrompt(
            [
                new("system", "Be \"brief\" – ünïcode 😀"), new("user", "hi"),
                new("assistant", "") { ToolCalls = [new("c1", "find_boat", "{\"name\":\"x\"}")] },
                new("tool", "found") { ToolCallId = "c1", ToolName = "find_boat" }, new("user", "and now?"),
            ]),
            Continuation = "It is \n",
            Sampling = new() { Temperature = 0.5f, TopK = 3, TopP = 0.9f, MinP = 0.1f, RepetitionPenalty = 1.1f, FrequencyPenalty = 0.2f, PresencePenalty = -0.3f, Seed = 42 },
            MaxTokens = 9,
            StopSequences = ["a", "b"],
            Tools = [Tool],
            ToolChoice = ToolChoice.Named("find_boat"),
            LogProbabilities = 2,
            Privacy = PrivacyClass.Secret,
        };
        await Asking.AskAsync(target, asked);
        var got = worker.Target.Asked.Single();
        Assert.Equal(((MessagesPrompt)asked.Prompt).Messages, ((MessagesPrompt)got.Prompt).Messages);
        Assert.Equal((asked.Continuation, asked.Sampling, asked.MaxTokens, asked.LogProbabilities, asked.Privacy), (got.Continuation, got.Sampling, got.MaxTokens, got.LogProbabilities, got.Privacy));
        Assert.Equal(asked.StopSequences, got.StopSequences);
        Assert.Equal(asked.ToolChoice, got.ToolChoice);
        Assert.Equal(("find_boat", "Finds a boat."), (got.Tools.Single().Name, got.Tools.Single().Description));

        foreach (var format in (OutputFormat[])[new JsonOutput(), new JsonSchemaOutput("{\"type\":\"object\"}", "thing"), new GrammarOutput("root ::= \"a\"")])
        {
            await Asking.AskAsync(target, new() { Prompt = new TextPrompt("t"), Format = format });
            Assert.Equal(format, worker.Target.Asked[^1].Format);
        }

        await Asking.AskAsync(target, new() { Prompt = new TokensPrompt(new[] { 5, 6 }) });
        Assert.Equal([5, 6], ((TokensPrompt)worker.Target.Asked[^1].Prompt).Tokens.ToArray());
    }

    [Fact]
    public async Task Calls_and_scores_come_back_whole()
    {
        await using var worker = await InProcessWorker.StartAsync();
        var call = new ToolCall("c1", "find_boat", "{\"name\":\"ünï\"}");
        var score = new TokenScore(-1, "Hél"u8.ToArray(), -0.5f) { Alternatives = [new(-1, "Hél"u8.ToArray(), -0.5f), new(-1, "No"u8.ToArray(), -1.5f)], Margin = MathF.Exp(-0.5f) - MathF.Exp(-1.5f) };
        worker.Target.Answer = (_, _) => Said();
        await using var target = new OpenAiTarget(Wire.Options(worker.Server.Http, ServerCases.All));
        var updates = new List<DecodeUpdate>();
        await foreach (var update in target.GenerateAsync(Wire.Chat with { Tools = [Tool], LogProbabilities = 1 }))
            updates.Add(update);
        Assert.Equal(call, Assert.Single(updates, update => update.ToolCall is not null).ToolCall);
        Assert.Equal(DecodeFinish.ToolCalls, updates[^1].Completion!.Finish);
        var got = updates[0].Scores!.Single();
        Assert.Equal(("Hél", -0.5f, score.Margin, 2), (got.Text, got.LogProbability, got.Margin, got.Alternatives.Count));

        async IAsyncEnumerable<DecodeUpdate> Said()
        {
            await Task.Yield();
            yield return new("Hél", 1) { Scores = [score] };
            yield return new("", 0, ScriptedTarget.Completion with { Finish = DecodeFinish.ToolCalls }) { ToolCall = call };
        }
    }

    [Fact]
    public async Task Pieces_of_calls_are_put_together_and_nonsense_among_them_is_refused()
    {
        static string Delta(string calls, string finish = "null") => $"data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"tool_calls\":{calls}}},\"finish_reason\":{finish}}}]}}\n\n";
        var first = Delta("[{\"index\":0,\"id\":\"a\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"x\\\"\"}}]");
        var end = Wire.Stop.Replace("stop", "tool_calls") + Wire.Done;
        await using (var server = RawServer.Saying(Wire.Stream, first, Delta("[{\"index\":0,\"function\":{\"arguments\":\":1}\"}}]"), Delta("[{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"g\"}}]"), end))
        {
            await using var target = new OpenAiTarget(Wire.Options(server.Endpoint, TargetCapabilities.Tools));
            var updates = await ServerCases.CollectAsync(target, Wire.Chat with { Tools = [Tool] });
            Assert.Equal([new("a", "f", "{\"x\":1}"), new("b", "g", "{}")], updates.Select(update => update.ToolCall).OfType<ToolCall>());
        }

        foreach (var bad in (string[])[first, first + Delta("[{\"index\":7,\"function\":{\"arguments\":\"\"}}]"), Delta("[{\"index\":0,\"function\":{\"arguments\":\"{}\"}}]"), Delta("7"), Delta("[7]"), Delta("[{\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"[1]\"}}]")])
        {
            await using var server = RawServer.Saying(Wire.Stream, bad, end);
            await using var target = new OpenAiTarget(Wire.Options(server.Endpoint, TargetCapabilities.Tools));
            Assert.Equal(HybridError.TargetUnavailable, (await Asking.AskAsync(target, Wire.Chat with { Tools = [Tool] })).Fault?.Error);
        }
    }

    public static TheoryData<string, DecodeRequest, HybridError, string> Refused => new()
    {
        { "class", Wire.Chat with { Privacy = PrivacyClass.Secret }, HybridError.NoTargetAllowed, "may not see" },
        { "deadline", Wire.Chat with { Deadline = new ManualTimeProvider().GetUtcNow() }, HybridError.DeadlineExceeded, "passed before" },
        { "tools", Wire.Chat with { Tools = [Tool] }, HybridError.InvalidRequest, "Tools" },
        { "format", Wire.Chat with { Format = new JsonOutput() }, HybridError.InvalidRequest, "Json" },
        { "grammar", Wire.Chat with { Format = new GrammarOutput("root ::= \"a\"") }, HybridError.InvalidRequest, "Grammar" },
        { "scores", Wire.Chat with { LogProbabilities = 1 }, HybridError.InvalidRequest, "LogProbabilities" },
        { "text", Wire.Chat with { Prompt = new TextPrompt("a") }, HybridError.InvalidRequest, "Text" },
        { "tokens", Wire.Chat with { Prompt = new TokensPrompt(new[] { 1 }) }, HybridError.InvalidRequest, "Tokens" },
        { "continuation", Wire.Chat with { Continuation = "a" }, HybridError.InvalidRequest, "go on" },
        { "messages", Wire.Chat with { Prompt = new MessagesPrompt([]) }, HybridError.InvalidRequest, "without a message" },
        { "stops", Wire.Chat with { StopSequences = ["a", "b", "c", "d", "e"] }, HybridError.InvalidRequest, "4 stop strings" },
        { "temperature", Wire.Chat with { Sampling = new() { Temperature = 3 } }, HybridError.InvalidRequest, "temperature" },
        { "top-k", Wire.Chat with { Sampling = new() { TopK = 7 } }, HybridError.InvalidRequest, "top-k" },
        { "penalty", Wire.Chat with { Sampling = new() { RepetitionPenalty = 2 } }, HybridError.InvalidRequest, "repetition penalty" },
        { "window", Wire.Chat with { Sampling = new() { FrequencyPenalty = 1, PenaltyWindow = 7 } }, HybridError.InvalidRequest, "window" },
        { "schema", Wire.Chat with { Format = new JsonSchemaOutput("{") }, HybridError.InvalidRequest, "Json" },
    };

    [Theory]
    [MemberData(nameof(Refused), DisableDiscoveryEnumeration = true)]
    public async Task What_a_pool_may_not_see_or_cannot_take_is_refused_before_a_byte_is_sent(string what, DecodeRequest request, HybridError error, string said)
    {
        await using var server = RawServer.Saying(Wire.Stream);
        await using var target = new OpenAiTarget(Wire.Options(server.Endpoint), new ManualTimeProvider());
        var fault = (await Asking.AskAsync(target, request)).Fault;
        Assert.True(error == fault?.Error, what);
        Assert.Contains(said, fault!.Message, StringComparison.Ordinal);
        Assert.Contains("Nothing was sent", fault.Message, StringComparison.Ordinal);
        Assert.Empty(server.Asked);
    }

    [Fact]
    public async Task A_format_is_not_kept_across_a_seam_and_therefore_refused()
    {
        await using var server = RawServer.Saying(Wire.Stream);
        await using var target = new OpenAiTarget(Wire.Options(server.Endpoint, ServerCases.All) with { Continuation = ContinuationMode.Vllm });
        var fault = (await Asking.AskAsync(target, Wire.Chat with { Continuation = "{", Format = new JsonOutput() })).Fault!;
        Assert.Equal(HybridError.InvalidRequest, fault.Error);
        fault = (await Asking.AskAsync(target, Wire.Chat with { Format = new JsonSchemaOutput("{") })).Fault!;
        Assert.Equal(HybridError.InvalidRequest, fault.Error);
        Assert.Empty(server.Asked);
    }

    [Fact]
    public async Task Llama_servers_names_and_a_hosted_apis_limit_are_written()
    {
        await using var server = RawServer.Saying(Wire.Stream, Wire.Piece("a"), Wire.Stop, Wire.Done);
        await using var llama = new OpenAiTarget(Wire.Options(server.Endpoint) with { Sampling = SamplingFields.LlamaServer, ModelId = "m" });
        await ServerCases.CollectAsync(llama, Wire.Chat with { Sampling = new() { RepetitionPenalty = 1.5f, PenaltyWindow = 9 } });
        Assert.Contains("\"top_p\":0.95,\"top_k\":40,\"min_p\":0.05,\"repeat_penalty\":1.5,\"repeat_last_n\":9", server.Asked[0].Body, StringComparison.Ordinal);
        await using var hosted = new OpenAiTarget(Wire.Options(server.Endpoint) with { MaxCompletionTokens = true });
        await ServerCases.CollectAsync(hosted, Wire.Chat with { MaxTokens = 5 });
        Assert.Equal("""{"model":"scripted","messages":[{"role":"user","content":"the canary asks"}],"stream":true,"stream_options":{"include_usage":true},"max_completion_tokens":5,"temperature":0}""", server.Asked[1].Body);
        Assert.Contains("X-Request-Id: r1", server.Asked[1].Head, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("X-Hybrid-Privacy", server.Asked[1].Head, StringComparison.Ordinal);
    }
}
