using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Hybrid.CloudConnector.ChatClients;
using Hybrid.CloudConnector.Tests.Pools;
using Hybrid.Network;
using Hybrid.Targets;
using Hybrid.Tests;
using Microsoft.Extensions.AI;
using static Hybrid.CloudConnector.Tests.ChatClients.ScriptedChatClient;

namespace Hybrid.CloudConnector.Tests.ChatClients;

public class ChatClientTargetTests
{
    private static readonly TargetDescriptor Able = new()
    {
        Name = "hosted",
        Model = "big",
        Zone = Zone.Public,
        Capabilities = TargetCapabilities.Chat | TargetCapabilities.Tools | TargetCapabilities.Json | TargetCapabilities.Continuation,
    };

    private static readonly DecodeRequest Ask = new() { Prompt = new MessagesPrompt([new("user", "hi")]), Privacy = PrivacyClass.Public, Id = "r" };

    [Fact]
    public async Task An_answer_streams_with_its_usage_and_its_end()
    {
        var client = new ScriptedChatClient(
            Text("Hel"), new(ChatRole.Assistant, [new TextReasoningContent("hm"), new TextContent("lo \ud83d")]), Text("\udea2"), End(ChatFinishReason.Stop),
            End(null, new UsageContent(new() { InputTokenCount = 7, OutputTokenCount = 5, CachedInputTokenCount = 2 })));
        await using var target = new ChatClientTarget(Able, client);
        Assert.Equal(TargetReadiness.Unknown, target.State.Readiness);
        List<DecodeUpdate> updates = [];
        await foreach (var update in target.GenerateAsync(Ask))
            updates.Add(update);
        Assert.Equal(["Hel", "lo ", "🚢", ""], updates.Select(update => update.Text));
        Assert.Equal(new DecodeCompletion { Finish = DecodeFinish.Stop, PromptTokens = 7, OutputTokens = 5, CachedTokens = 2 }, updates[^1].Completion);
        Assert.All(updates[..^1], update => Assert.True(update.TokenCount > 0 && update.Completion is null));
        Assert.Equal(5, updates.Sum(update => update.TokenCount));
        Assert.Equal(TargetReadiness.Warm, target.State.Readiness);
    }

    [Fact]
    public async Task Without_usage_tokens_are_estimated_and_add_up()
    {
        await using var target = new ChatClientTarget(Able, new ScriptedChatClient(Text("twelve bytes"), Text("x"), End(ChatFinishReason.Length)));
        var answer = await Asking.AskAsync(target, Ask);
        Assert.Equal(new DecodeCompletion { Finish = DecodeFinish.Length, OutputTokens = 4 }, answer.Completion);
    }

    [Fact]
    public async Task Messages_and_options_are_mapped()
    {
        using var schema = JsonDocument.Parse("""{"type":"object","properties":{"a":{"type":"string"}}}""");
        var client = new ScriptedChatClient(End(ChatFinishReason.Stop));
        await using var target = new ChatClientTarget(Able, client, new() { OnOptions = arguments => (arguments.Options.ModelId, arguments.Options.TopK) = ("m-" + arguments.Request.Id, null) });
        await Asking.AskAsync(target, Ask with
        {
            Prompt = new MessagesPrompt(
            [
                new("system", "brief"), new("user", "what?"),
                new("assistant", "") { ToolCalls = [new("c1", "find", """{"a":"b"}""")] },
                new("tool", "found") { ToolCallId = "c1", ToolName = "find" },
            ]),
            Continuation = "So",
            Sampling = new() { Temperature = 0.5f, TopP = 0.8f, FrequencyPenalty = 1, Seed = 9 },
            MaxTokens = 33,
            StopSequences = ["END"],
            Tools = [new("find", "finds", schema.RootElement)],
            ToolChoice = ToolChoice.Named("find"),
        });
        Assert.Equal(["system", "user", "assistant", "tool", "assistant"], client.Messages.Select(message => message.Role.Value));
        var call = Assert.IsType<FunctionCallContent>(Assert.Single(client.Messages[2].Contents));
        Assert.Equal(("c1", "find", "b"), (call.CallId, call.Name, call.Arguments!["a"]!.ToString()));
        var result = Assert.IsType<FunctionResultContent>(Assert.Single(client.Messages[3].Contents));
        Assert.Equal(("c1", "found"), (result.CallId, result.Result));
        Assert.Equal("So", client.Messages[4].Text);
        var options = client.Options!;
        Assert.Equal((0.5f, 0.8f, 1f, null, 9L, 33), (options.Temperature, options.TopP, options.FrequencyPenalty, options.PresencePenalty, options.Seed, options.MaxOutputTokens));
        Assert.Equal(("m-r", null), (options.ModelId, options.TopK));
        Assert.Equal("END", Assert.Single(options.StopSequences!));
        var tool = Assert.IsAssignableFrom<AIFunctionDeclaration>(Assert.Single(options.Tools!));
        Assert.Equal(("find", "finds", schema.RootElement.GetRawText()), (tool.Name, tool.Description, tool.JsonSchema.GetRawText()));
        Assert.Equal("find", Assert.IsType<RequiredChatToolMode>(options.ToolMode).RequiredFunctionName);

        await Asking.AskAsync(target, Ask with { Format = new JsonSchemaOutput("""{"type":"object"}""", "thing"), Tools = [new("find", "", schema.RootElement)], ToolChoice = ToolChoice.None });
        var json = Assert.IsType<ChatResponseFormatJson>(client.Options!.ResponseFormat);
        Assert.Equal(("thing", """{"type":"object"}"""), (json.SchemaName, json.Schema!.Value.GetRawText()));
        Assert.Null(client.Options.Tools);
        await Asking.AskAsync(target, Ask with { Format = new JsonOutput() });
        Assert.Null(Assert.IsType<ChatResponseFormatJson>(client.Options!.ResponseFormat).Schema);
    }

    [Fact]
    public async Task A_call_comes_whole_and_the_answer_ends_with_it()
    {
        var call = new FunctionCallContent("c1", "find", new Dictionary<string, object?> { ["a"] = 1 });
        await using var target = new ChatClientTarget(Able, new ScriptedChatClient(Text("Let me see."), End(ChatFinishReason.ToolCalls, call)));
        List<DecodeUpdate> updates = [];
        await foreach (var update in target.GenerateAsync(Ask))
            updates.Add(update);
        Assert.Equal(new ToolCall("c1", "find", """{"a":1}"""), updates[1].ToolCall);
        Assert.Equal(DecodeFinish.ToolCalls, updates[^1].Completion!.Finish);
    }

    [Fact]
    public async Task What_it_was_not_said_to_do_is_refused_before_anything_is_sent()
    {
        using var schema = JsonDocument.Parse("{}");
        var client = new ScriptedChatClient(End(ChatFinishReason.Stop));
        await using var plain = new ChatClientTarget(Able with { Capabilities = TargetCapabilities.Chat }, client);
        await using var able = new ChatClientTarget(Able, client);
        foreach (var (target, request, words) in new[]
        {
            (plain, Ask with { Prompt = new TextPrompt("x") }, "takes messages"),
            (plain, Ask with { LogProbabilities = 1 }, "log-probabilities"),
            (plain, Ask with { Tools = [new("f", "", schema.RootElement)] }, "know tools"),
            (plain, Ask with { Format = new JsonOutput() }, "output format"),
            (plain, Ask with { Continuation = "a" }, "last message of the assistant"),
            (able, Ask with { Continuation = "{", Format = new JsonOutput() }, "within an output format"),
            (able, Ask with { Format = new GrammarOutput("root ::= \"a\"") }, "no grammar"),
            (able, Ask with { Format = new JsonSchemaOutput("{") }, "no JSON"),
        })
        {
            var fault = (await Asking.AskAsync(target, request)).Fault!;
            Assert.Equal(HybridError.InvalidRequest, fault.Error);
            Assert.Contains(words, fault.Message, StringComparison.Ordinal);
        }

        Assert.Equal(HybridError.NoTargetAllowed, (await Asking.AskAsync(able, Ask with { Privacy = PrivacyClass.Internal })).Fault?.Error);
        Assert.Equal(HybridError.DeadlineExceeded, (await Asking.AskAsync(able, Ask with { Deadline = DateTimeOffset.UnixEpoch })).Fault?.Error);
        Assert.Equal(0, client.Calls);
    }

    public static TheoryData<int, HybridError?> Ends => new()
    {
        { 0, HybridError.TargetUnavailable }, // none
        { 1, HybridError.InvalidRequest }, // content_filter
        { 2, HybridError.Internal }, // tired
        { 3, HybridError.Internal }, // tool_calls without one
        { 4, HybridError.TargetUnavailable }, // an error content
        { 5, HybridError.Internal }, // a picture
        { 6, null },
    };

    [Theory]
    [MemberData(nameof(Ends))]
    public async Task An_end_that_is_none_is_a_failure(int end, HybridError? error)
    {
        ChatResponseUpdate[][] ends =
        [
            [], [End(ChatFinishReason.ContentFilter)], [End(new("tired"))], [End(ChatFinishReason.ToolCalls)],
            [End(ChatFinishReason.Stop, new ErrorContent("the prompt was canary") { ErrorCode = "e1" })], [End(ChatFinishReason.Stop, new DataContent("data:image/png;base64,AA=="))], [End(ChatFinishReason.Stop)],
        ];
        await using var target = new ChatClientTarget(Able, new ScriptedChatClient([Text("a"), .. ends[end]]));
        var answer = await Asking.AskAsync(target, Ask);
        Assert.Equal(("a", error), (answer.Text, answer.Fault?.Error));
        Assert.Equal(error is null, answer.Completion is not null);
        Assert.DoesNotContain("canary", answer.Fault?.ToString() ?? "", StringComparison.Ordinal);
        Assert.Equal(error == HybridError.TargetUnavailable ? TargetReadiness.Unavailable : TargetReadiness.Warm, target.State.Readiness);
    }

    [Fact]
    public async Task A_client_that_never_tells_its_finish_may_be_taken_at_its_word()
    {
        await using var target = new ChatClientTarget(Able, new ScriptedChatClient(Text("a")), new() { ReportsFinish = false });
        Assert.Equal(DecodeFinish.Stop, (await Asking.AskAsync(target, Ask)).Completion?.Finish);
    }

    [Fact]
    public async Task A_stop_string_that_comes_through_ends_the_answer()
    {
        await using var target = new ChatClientTarget(Able, new ScriptedChatClient(Text("one E"), Text("ND two"), Text(" three"), End(ChatFinishReason.Stop)));
        var answer = await Asking.AskAsync(target, Ask with { StopSequences = ["END"] });
        Assert.Equal(("one ", DecodeFinish.Stop), (answer.Text, answer.Completion?.Finish));
        answer = await Asking.AskAsync(target, Ask with { StopSequences = ["threesome"] });
        Assert.Equal("one END two three", answer.Text);
    }

    public static TheoryData<string, HybridError, bool> Faults => new()
    {
        { "socket", HybridError.TargetUnavailable, true }, { "ended", HybridError.TargetUnavailable, true }, { "401", HybridError.Unauthorized, false }, { "403", HybridError.Unauthorized, false },
        { "429", HybridError.Busy, false }, { "400", HybridError.InvalidRequest, false }, { "404", HybridError.TargetUnavailable, false }, { "500", HybridError.TargetUnavailable, false },
        { "timeout", HybridError.TargetUnavailable, true }, { "gave up", HybridError.TargetUnavailable, false }, { "own", HybridError.ContextExceeded, false }, { "wrapped", HybridError.Busy, false },
        { "package", HybridError.Internal, false }, { "translated", HybridError.Busy, false },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Every_exception_of_the_client_has_its_kind_before_and_after_the_first_word(string name, HybridError error, bool broken)
    {
        Exception fault = name switch
        {
            "socket" => new HttpRequestException(HttpRequestError.ConnectionError, "canary", new SocketException(111)),
            "ended" => new HttpIOException(HttpRequestError.ResponseEnded, "canary"),
            "timeout" => new TaskCanceledException("canary", new TimeoutException()),
            "gave up" => new OperationCanceledException("canary"),
            "own" => new HybridException(HybridError.ContextExceeded, "too long"),
            "wrapped" => new InvalidOperationException("canary", new HttpRequestException("canary", null, HttpStatusCode.TooManyRequests)),
            "package" or "translated" => new NotSupportedException("canary"),
            _ => new HttpRequestException("canary", null, (HttpStatusCode)int.Parse(name)),
        };
        var options = new ChatClientTargetOptions
        {
            OnFault = name == "translated" ? seen => seen is NotSupportedException ? new(HybridError.Busy, "later", seen) { RetryAfter = TimeSpan.FromSeconds(3) } : null : null,
        };
        foreach (var said in (ChatResponseUpdate[][])[[], [Text("a")]])
        {
            await using var target = new ChatClientTarget(Able, new ScriptedChatClient(token => Say(said, fault, token)), options);
            var answer = await Asking.AskAsync(target, Ask);
            Assert.Equal((said.Length == 0 ? "" : "a", error), (answer.Text, answer.Fault?.Error));
            Assert.Equal(broken, BrokenConnection.Is(answer.Fault));
            Assert.DoesNotContain("canary", answer.Fault!.Message, StringComparison.Ordinal);
            Assert.Equal(name == "translated" ? TimeSpan.FromSeconds(3) : null, answer.Fault.RetryAfter);
            if (name != "own")
                Assert.Same(fault, answer.Fault.InnerException);
        }

        await using var byOptions = new ChatClientTarget(Able, new ScriptedChatClient(), options with { OnOptions = _ => throw fault });
        Assert.Equal(error, (await Asking.AskAsync(byOptions, Ask)).Fault?.Error);
        await using var atOnce = new ChatClientTarget(Able, new ScriptedChatClient(_ => throw fault), options);
        Assert.Equal(error, (await Asking.AskAsync(atOnce, Ask)).Fault?.Error);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Cancelling_throws_whatever_the_client_makes_of_it(bool obeys)
    {
        var seen = new TaskCompletionSource();
        using var cancel = new CancellationTokenSource();
        await using var target = new ChatClientTarget(Able, new ScriptedChatClient(token => Stuck(obeys, seen, token)));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var update in target.GenerateAsync(Ask, cancel.Token))
                await cancel.CancelAsync();
        });
        if (obeys)
            await seen.Task;
    }

    [Theory]
    [InlineData(true, HybridError.DeadlineExceeded)]
    [InlineData(false, HybridError.TargetUnavailable)]
    public async Task A_client_that_never_answers_ends_at_the_deadline_or_the_idle_timeout_also_where_it_ignores_its_token(bool deadline, HybridError error)
    {
        foreach (var obeys in (bool[])[true, false])
        {
            var time = new ManualTimeProvider();
            await using var target = new ChatClientTarget(Able, new ScriptedChatClient(token => Stuck(obeys, new(), token)), timeProvider: time);
            await using var updates = target.GenerateAsync(Ask with { Deadline = deadline ? time.GetUtcNow() + TimeSpan.FromSeconds(20) : null }).GetAsyncEnumerator();
            Assert.True(await updates.MoveNextAsync());
            var next = updates.MoveNextAsync().AsTask();
            time.Advance(TimeSpan.FromSeconds(deadline ? 19 : 29));
            Assert.False(next.IsCompleted);
            time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(error, (await Assert.ThrowsAsync<HybridException>(() => next)).Error);
        }
    }

    [Fact]
    public async Task Disposing_ends_a_running_stream_and_the_client_only_where_it_is_owned()
    {
        var client = new ScriptedChatClient(token => Stuck(true, new(), token));
        var target = new ChatClientTarget(Able, client, new() { OwnsClient = true });
        var answer = await Asking.AskAsync(target, Ask, on: _ => target.DisposeAsync().AsTask().GetAwaiter().GetResult());
        Assert.Equal(HybridError.TargetUnavailable, answer.Fault?.Error);
        Assert.Equal(1, client.Disposals);
        var kept = new ScriptedChatClient();
        await new ChatClientTarget(Able, kept).DisposeAsync();
        Assert.Equal(0, kept.Disposals);
    }

    [Fact]
    public async Task A_failure_is_forgotten_after_a_while()
    {
        var time = new ManualTimeProvider();
        await using var target = new ChatClientTarget(Able, new ScriptedChatClient(_ => throw new HttpRequestException("x")), timeProvider: time);
        await Asking.AskAsync(target, Ask);
        Assert.Equal(TargetReadiness.Unavailable, target.State.Readiness);
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(TargetReadiness.Unknown, target.State.Readiness);
        Assert.True(target.NeedsNetwork);
        Assert.Null(await ((INetworkTarget)target).ProbeAsync());
    }

    [Theory]
    [InlineData("IdleTimeout")]
    [InlineData("FirstUpdateTimeout")]
    [InlineData("RetryAfter")]
    public void A_time_out_of_range_is_told_by_name(string option)
    {
        ChatClientTargetOptions bad = option switch { "IdleTimeout" => new() { IdleTimeout = TimeSpan.Zero }, "RetryAfter" => new() { RetryAfter = TimeSpan.FromDays(2) }, _ => new() { FirstUpdateTimeout = TimeSpan.FromSeconds(-1) } };
        var fault = Assert.Throws<HybridException>(() => new ChatClientTarget(Able, new ScriptedChatClient(), bad));
        Assert.Equal(HybridError.Configuration, fault.Error);
        Assert.Contains(option, fault.Message, StringComparison.Ordinal);
    }

    private static async IAsyncEnumerable<ChatResponseUpdate> Stuck(bool obeys, TaskCompletionSource seen, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        yield return Text("a");
        try
        {
            await Task.Delay(Timeout.Infinite, obeys ? cancellationToken : CancellationToken.None);
        }
        finally
        {
            seen.TrySetResult();
        }
    }
}
