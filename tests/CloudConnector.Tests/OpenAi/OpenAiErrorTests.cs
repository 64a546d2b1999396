using System.Text;
using Hybrid.CloudConnector.OpenAi;
using Hybrid.CloudConnector.Tests.Pools;
using Hybrid.Network;
using Hybrid.Targets;
using Hybrid.Tests;

namespace Hybrid.CloudConnector.Tests.OpenAi;

/// <summary>Servers that lie, break off, or speak something else: each a typed error that names the pool, within bounded memory.</summary>
public class OpenAiErrorTests
{
    [Fact]
    public async Task An_honest_answer_passes()
    {
        await using var server = RawServer.Saying(Wire.Stream, Wire.Role, Wire.Piece("a"), Wire.Piece("b"), Wire.Stop, Wire.Usage, Wire.Done);
        var answer = await AskAsync(server);
        Assert.Equal(("ab", null), (answer.Text, answer.Fault));
        Assert.Equal(new DecodeCompletion { Finish = DecodeFinish.Stop, PromptTokens = 7, CachedTokens = 2, OutputTokens = 5 }, answer.Completion);
    }

    public static TheoryData<string, string, string> Bodies => new()
    {
        { "no finish reason", Wire.Piece("a") + Wire.Done, "without a finish reason" },
        { "no [DONE]", Wire.Piece("a") + Wire.Stop + Wire.Usage, "without its end" },
        { "nothing at all", "", "without its end" },
        { "an end in mid-event", Wire.Piece("a") + "data: {\"id\"", "without its end" },
        { "half a JSON", Wire.Piece("a") + "data: {\"choices\":[\n\n", "not JSON" },
        { "two JSONs", Wire.Piece("a") + "data: {}{}\n\n", "not JSON" },
        { "no object", Wire.Piece("a") + "data: 7\n\n", "no JSON object" },
        { "a second answer", Wire.Piece("a") + Wire.Piece("b").Replace("\"index\":0", "\"index\":1"), "second answer" },
        { "two choices", Wire.Piece("a") + "data: {\"choices\":[{},{}]}\n\n", "several answers" },
        { "a choice that is none", Wire.Piece("a") + "data: {\"choices\":[7]}\n\n", "no object" },
        { "text that is none", Wire.Piece("a") + "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":7}}]}\n\n", "where text belongs" },
        { "a second beginning", Wire.Role + Wire.Piece("a") + Wire.Role + Wire.Piece("b"), "second time" },
        { "text after the end", Wire.Piece("a") + Wire.Stop + Wire.Piece("b"), "after the end" },
        { "an unknown finish", Wire.Piece("a") + Wire.Stop.Replace("stop", "tired") + Wire.Done, "not known" },
        { "a call without a name", Wire.Piece("a") + Wire.Stop.Replace("stop", "tool_calls") + Wire.Done, "named none" },
        { "half a character at the end", Wire.Piece("a") + Wire.Piece("b").Replace("\"b\"", "\"\\ud83d\"") + Wire.Stop + Wire.Done, "half of a character" },
        { "half a character alone", Wire.Piece("a") + Wire.Piece("b").Replace("\"b\"", "\"\\ude00\"") + Wire.Stop + Wire.Done, "half of a character" },
        { "an error", Wire.Piece("a") + "data: {\"error\":{\"message\":\"out of memory\",\"type\":\"server_error\"}}\n\n", "out of memory" },
        { "an error of llama-server", Wire.Piece("a") + "error: {\"code\":500}\n\n", "without its end" },
        { "an event called error", Wire.Piece("a") + "event: error\ndata: {}\n\n", "with an error" },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task A_stream_that_is_no_answer_is_a_failure_and_never_a_completion(string what, string body, string said)
    {
        await using var server = RawServer.Saying(Wire.Stream, body);
        var answer = await AskAsync(server);
        Assert.True(answer.Fault is { Error: HybridError.TargetUnavailable }, what);
        Assert.Null(answer.Completion);
        Assert.StartsWith(answer.Text, "a", StringComparison.Ordinal);
        Assert.Contains("Pool 'pool' at http://127.0.0.1:", answer.Fault!.Message, StringComparison.Ordinal);
        Assert.Contains(said, answer.Fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html><body>Sign in</body></html>", "text/html")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{\"choices\":[]}", "application/json")]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", "no known content type")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n", "compressed")]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n", "HTTP 204")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n", "")]
    [InlineData("", "")]
    public async Task An_answer_that_is_no_stream_is_a_typed_failure(string response, string said)
    {
        await using var server = RawServer.Saying(response);
        var answer = await AskAsync(server);
        Assert.Equal((HybridError.TargetUnavailable, ""), (answer.Fault!.Error, answer.Text));
        Assert.Contains("Pool 'pool'", answer.Fault.Message, StringComparison.Ordinal);
        Assert.Contains(said, answer.Fault.Message, StringComparison.Ordinal);
        Assert.Single(server.Asked);
    }

    [Fact]
    public async Task A_kept_connection_that_closes_under_a_request_is_no_fault()
    {
        const string Body = Wire.Stop + Wire.Done;
        var closed = 0;
        await using var server = new RawServer(async exchange =>
        {
            await exchange.SayAsync($"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: {Body.Length}\r\n\r\n{Body}");
            await exchange.AgainAsync();
            closed++;
        });
        await using var target = new OpenAiTarget(Wire.Options(server.Endpoint));
        for (var i = 0; i < 5; i++)
        {
            var answer = await Asking.AskAsync(target, Wire.Chat);
            Assert.True(answer.Completion is not null, $"{answer.Fault}");
        }

        Assert.Equal((5, 4), (server.Asked.Count, closed)); // each but the first found its connection closed, once
    }

    [Theory]
    [InlineData(301)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task A_redirect_is_not_followed_and_the_key_stays(int status)
    {
        await using var elsewhere = RawServer.Saying(Wire.Stream, Wire.Piece("a"), Wire.Stop, Wire.Done);
        await using var server = RawServer.Saying($"HTTP/1.1 {status} Moved\r\nLocation: {elsewhere.Endpoint}v1/chat/completions\r\nContent-Length: 0\r\n\r\n");
        await using var target = new OpenAiTarget(Wire.Options(server.Endpoint) with { ApiKey = "canary-key" });
        var answer = await Asking.AskAsync(target, Wire.Chat);
        Assert.Equal(HybridError.TargetUnavailable, answer.Fault!.Error);
        Assert.Contains("redirect", answer.Fault.Message, StringComparison.Ordinal);
        Assert.Empty(elsewhere.Asked);
        Assert.Contains("Bearer canary-key", Assert.Single(server.Asked).Head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bytes_that_are_no_text_are_a_typed_failure()
    {
        foreach (var bad in (byte[][])[[0xFF], [0xC3], [0xF0, 0x9F], [0xED, 0xA0, 0x80], [0xC0, 0x80]])
        {
            await using var server = new RawServer(async exchange =>
            {
                var parts = Wire.Piece("#").Split('#');
                await exchange.SayAsync(Wire.Stream + Wire.Piece("a") + parts[0]);
                await exchange.SayAsync(bad);
                await exchange.SayAsync(parts[1] + Wire.Stop + Wire.Done);
            });
            var answer = await AskAsync(server);
            Assert.Equal((HybridError.TargetUnavailable, "a"), (answer.Fault?.Error, answer.Text));
        }
    }

    [Fact]
    public async Task Characters_that_are_cut_by_packets_or_by_chunks_come_whole()
    {
        await using var server = new RawServer(async exchange =>
        {
            await exchange.SayAsync(Wire.Stream);
            foreach (var one in Encoding.UTF8.GetBytes(": ping\r\n\r\n" + Wire.Role + Wire.Piece("é").Replace("\\u00E9", "é") + Wire.Piece("漢").Replace("\\u6F22", "漢")))
                await exchange.SayAsync([one]);
            await exchange.SayAsync(Wire.Piece("#").Replace("\"#\"", "\"x\\ud83d\""));
            await exchange.SayAsync(Wire.Piece("#").Replace("\"#\"", "\"\\ude00\\n\\\"y\""));
            await exchange.SayAsync(Wire.Stop + Wire.Done);
        });
        var updates = new List<DecodeUpdate>();
        await using var target = new OpenAiTarget(Wire.Options(server.Endpoint));
        await foreach (var update in target.GenerateAsync(Wire.Chat))
            updates.Add(update);
        Assert.Equal("é漢x😀\n\"y", string.Concat(updates.Select(update => update.Text)));
        Assert.Equal(["é", "漢", "x", "😀\n\"y", ""], updates.Select(update => update.Text));
        Assert.Equal(4, updates[^1].Completion!.OutputTokens); // without usage a piece counts as a token
        Assert.Equal(0, updates[^1].Completion!.PromptTokens);
    }

    [Fact]
    public async Task A_stream_that_never_ends_is_left_after_far_more_than_was_asked_for()
    {
        await using var server = new RawServer(async exchange =>
        {
            await exchange.SayAsync(Wire.Stream);
            var many = string.Concat(Enumerable.Repeat(Wire.Piece("a"), 100));
            while (true)
                await exchange.SayAsync(many);
        });
        var answer = await AskAsync(server, Wire.Chat with { MaxTokens = 3 });
        Assert.Equal(HybridError.TargetUnavailable, answer.Fault?.Error);
        Assert.InRange(answer.Text.Length, 3, 3 * 16 + 1024);
    }

    [Fact]
    public async Task A_huge_error_body_is_read_in_part()
    {
        await using var server = new RawServer(async exchange =>
        {
            await exchange.SayAsync("HTTP/1.1 500 Oops\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n");
            while (true)
                await exchange.SayAsync(new byte[65536]);
        });
        Assert.Equal(HybridError.TargetUnavailable, (await AskAsync(server)).Fault?.Error);
    }

    [Fact]
    public async Task Comments_and_empty_events_are_no_news()
    {
        var time = new ManualTimeProvider();
        await using var server = new RawServer(async exchange =>
        {
            await exchange.SayAsync(Wire.Stream + Wire.Piece("a") + ": ping\n\ndata: {\"choices\":[]}\n\n" + Wire.Role);
            await exchange.UntilClosedAsync();
        });
        await using var target = new OpenAiTarget(Wire.Options(server.Endpoint), time);
        await using var answer = target.GenerateAsync(Wire.Chat).GetAsyncEnumerator();
        Assert.True(await answer.MoveNextAsync());
        var next = answer.MoveNextAsync().AsTask();
        time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(next.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(2));
        var fault = await Assert.ThrowsAsync<HybridException>(() => next);
        Assert.Equal(HybridError.TargetUnavailable, fault.Error);
        Assert.Contains("nothing came for 30 s", fault.Message, StringComparison.Ordinal);
        Assert.Equal(TargetReadiness.Unavailable, target.State.Readiness);
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(TargetReadiness.Unknown, target.State.Readiness);
    }

    [Fact]
    public async Task A_flood_of_empty_events_is_silence()
    {
        var time = new PausingTime(TimeSpan.FromSeconds(30));
        await using var server = new RawServer(async exchange =>
        {
            await exchange.SayAsync(Wire.Stream + Wire.Piece("a"));
            var many = string.Concat(Enumerable.Repeat("data: {\"choices\":[]}\n\n", 1000));
            for (var i = 0; ; i++)
            {
                await exchange.SayAsync(many);
                // Only who has begun to count the silence can find that it was long enough.
                if (i >= 100)
                    time.ReachLimit();
            }
        });
        await using var target = new OpenAiTarget(Wire.Options(server.Endpoint), time);
        await using var answer = target.GenerateAsync(Wire.Chat).GetAsyncEnumerator();
        Assert.True(await answer.MoveNextAsync());
        // What is always there is read without a pause, on the thread that asks.
        var next = Task.Run(() => answer.MoveNextAsync().AsTask());
        Assert.Equal(HybridError.TargetUnavailable, (await Assert.ThrowsAsync<HybridException>(() => next)).Error);
    }

    [Fact]
    public async Task A_deadline_and_a_cancel_end_a_silent_stream_and_close_its_connection()
    {
        var time = new ManualTimeProvider();
        var closed = new TaskCompletionSource();
        await using var server = new RawServer(async exchange =>
        {
            await exchange.SayAsync(Wire.Stream + Wire.Piece("a"));
            await exchange.UntilClosedAsync();
            closed.TrySetResult();
        });
        await using var target = new OpenAiTarget(Wire.Options(server.Endpoint), time);
        await using (var answer = target.GenerateAsync(Wire.Chat with { Deadline = time.GetUtcNow() + TimeSpan.FromSeconds(5) }).GetAsyncEnumerator())
        {
            Assert.True(await answer.MoveNextAsync());
            var next = answer.MoveNextAsync().AsTask();
            time.Advance(TimeSpan.FromSeconds(5));
            Assert.Equal(HybridError.DeadlineExceeded, (await Assert.ThrowsAsync<HybridException>(() => next)).Error);
            Assert.Contains("X-Hybrid-Deadline-Milliseconds: 5000", server.Asked[0].Head, StringComparison.Ordinal);
        }

        await closed.Task.WaitAsync(TimeSpan.FromSeconds(30));
        using var cancel = new CancellationTokenSource();
        await using var cancelled = target.GenerateAsync(Wire.Chat, cancel.Token).GetAsyncEnumerator();
        Assert.True(await cancelled.MoveNextAsync());
        var waits = cancelled.MoveNextAsync().AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waits);
        Assert.Equal(TargetReadiness.Warm, target.State.Readiness);
    }

    [Fact]
    public async Task A_connection_that_breaks_or_is_refused_keeps_its_cause()
    {
        using var nobody = new HeldPort();
        await using var server = new RawServer(async exchange =>
        {
            await exchange.SayAsync(Wire.Stream + Wire.Piece("a"));
            exchange.Reset();
        });
        var broken = await AskAsync(server);
        Assert.Equal(HybridError.TargetUnavailable, broken.Fault?.Error);
        Assert.True(BrokenConnection.Is(broken.Fault));
        await using var target = new OpenAiTarget(Wire.Options(nobody.Address));
        var refused = await Asking.AskAsync(target, Wire.Chat);
        Assert.Equal((HybridError.TargetUnavailable, ""), (refused.Fault?.Error, refused.Text));
        Assert.True(BrokenConnection.Is(refused.Fault));
    }

    [Fact]
    public async Task A_connection_that_is_not_made_in_time_is_told_as_that()
    {
        // It takes the connection and never answers the handshake.
        await using var server = new RawServer(exchange => exchange.UntilClosedAsync());
        await using var target = new OpenAiTarget(Wire.Options(new($"https://127.0.0.1:{server.Endpoint.Port}")) with { ConnectTimeout = TimeSpan.FromMilliseconds(20) });
        var answer = await Asking.AskAsync(target, Wire.Chat);
        Assert.Equal(HybridError.TargetUnavailable, answer.Fault?.Error);
        Assert.Contains("connection could not be established", answer.Fault?.Message, StringComparison.Ordinal);
    }

    private static async Task<Answer> AskAsync(RawServer server, DecodeRequest? request = null)
    {
        await using var target = new OpenAiTarget(Wire.Options(server.Endpoint));
        return await Asking.AskAsync(target, request ?? Wire.Chat);
    }
}
