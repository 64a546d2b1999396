using Hybrid.CloudConnector.OpenAi;
using Hybrid.CloudConnector.Tests.Pools;
using Hybrid.Targets;
using Hybrid.Tests;

namespace Hybrid.CloudConnector.Tests.OpenAi;

/// <summary>What a server's statuses and words mean, and how long it wants to be left alone.</summary>
public class RefusalTests
{
    [Theory]
    [InlineData(400, "{}", HybridError.InvalidRequest)]
    [InlineData(404, "{\"error\":{\"message\":\"no such model\",\"code\":\"model_not_found\"}}", HybridError.InvalidRequest)]
    [InlineData(405, "", HybridError.InvalidRequest)]
    [InlineData(422, "{\"detail\":[{\"msg\":\"bad\"}]}", HybridError.InvalidRequest)]
    [InlineData(400, "{\"error\":{\"message\":\"This model's maximum context length is 4096 tokens\",\"type\":\"BadRequestError\",\"code\":400}}", HybridError.ContextExceeded)]
    [InlineData(400, "{\"error\":{\"message\":\"m\",\"code\":\"context_length_exceeded\"}}", HybridError.ContextExceeded)]
    [InlineData(400, "{\"error\":{\"code\":400,\"message\":\"m\",\"type\":\"exceed_context_size_error\"}}", HybridError.ContextExceeded)]
    [InlineData(413, "<html>too large</html>", HybridError.InvalidRequest)]
    [InlineData(401, "{\"error\":\"no\"}", HybridError.Unauthorized)]
    [InlineData(403, "{\"error\":{\"message\":\"no\"}}", HybridError.Unauthorized)]
    [InlineData(402, "", HybridError.Unauthorized)]
    [InlineData(408, "", HybridError.TargetUnavailable)]
    [InlineData(429, "", HybridError.Busy)]
    [InlineData(500, "", HybridError.TargetUnavailable)]
    [InlineData(502, "<html>bad gateway</html>", HybridError.TargetUnavailable)]
    [InlineData(503, "{\"error\":{\"code\":503,\"message\":\"Loading model\",\"type\":\"unavailable_error\"}}", HybridError.TargetUnavailable)]
    [InlineData(504, "{\"error\":{\"message\":\"m\",\"type\":\"timeout_error\",\"code\":\"deadline_exceeded\"}}", HybridError.DeadlineExceeded)]
    [InlineData(529, "", HybridError.TargetUnavailable)]
    public async Task A_status_has_its_kind_and_nothing_was_yielded(int status, string body, HybridError error)
    {
        await using var server = RawServer.Saying(Wire.Json(status, body));
        await using var target = new OpenAiTarget(Wire.Options(server.Endpoint));
        var answer = await Asking.AskAsync(target, Wire.Chat);
        Assert.Equal((error, "", (DecodeCompletion?)null), (answer.Fault!.Error, answer.Text, answer.Completion));
        Assert.Contains($"HTTP {status}", answer.Fault.Message, StringComparison.Ordinal);
        Assert.Equal(error == HybridError.TargetUnavailable ? TargetReadiness.Unavailable : TargetReadiness.Unknown, target.State.Readiness);
        Assert.Single(server.Asked);
    }

    [Theory]
    [InlineData("{\"error\":{\"message\":\"m\",\"type\":\"rate_limit_error\"}}", HybridError.Busy)]
    [InlineData("{\"error\":{\"message\":\"m\",\"code\":429}}", HybridError.Busy)]
    [InlineData("{\"error\":{\"message\":\"m\",\"type\":\"invalid_request_error\",\"code\":\"context_length_exceeded\"}}", HybridError.ContextExceeded)]
    [InlineData("{\"object\":\"error\",\"message\":\"m\",\"code\":400}", HybridError.InvalidRequest)]
    [InlineData("{\"error\":\"boom\"}", HybridError.TargetUnavailable)]
    public async Task An_error_in_mid_stream_has_its_kind(string body, HybridError error)
    {
        await using var server = RawServer.Saying(Wire.Stream, Wire.Piece("a"), $"data: {body}\n\n");
        await using var target = new OpenAiTarget(Wire.Options(server.Endpoint));
        var answer = await Asking.AskAsync(target, Wire.Chat);
        Assert.Equal((error, "a"), (answer.Fault!.Error, answer.Text));
    }

    [Theory]
    [InlineData("Retry-After: 7", 7.0)]
    [InlineData("Retry-After: 1.5", 1.5)]
    [InlineData("Retry-After: Thu, 01 Jan 2026 00:01:30 GMT", 90.0)]
    [InlineData("retry-after-ms: 250", 0.25)]
    [InlineData("x-ratelimit-reset-requests: 1m30s", 90.0)]
    [InlineData("x-ratelimit-reset-tokens: 20ms", 0.02)]
    [InlineData("x-ratelimit-reset-requests: 2s\r\nx-ratelimit-reset-tokens: 6m0s", 360.0)]
    [InlineData("x-ratelimit-remaining-requests: 0\r\nx-ratelimit-reset-requests: 2s\r\nx-ratelimit-reset-tokens: 6m0s", 2.0)]
    [InlineData("X-RateLimit-Reset: 1767225615", 15.0)]
    [InlineData("X-RateLimit-Reset: 1767225615000", 15.0)]
    [InlineData("RateLimit-Reset: 12", 12.0)]
    [InlineData("x-ratelimit-reset-requests: 2026-01-01T00:00:40Z", 40.0)]
    [InlineData("Retry-After: 9999999", 86400.0)]
    [InlineData("Retry-After: 0", null)]
    [InlineData("Retry-After: -5", null)]
    [InlineData("Retry-After: soon", null)]
    [InlineData("Retry-After: Wed, 01 Jan 2025 00:00:00 GMT", null)]
    [InlineData("x-ratelimit-reset-requests: NaN", null)]
    [InlineData("x-ratelimit-reset-requests: 5parsecs", null)]
    [InlineData("X-Other: 1", null)]
    public async Task How_long_to_leave_it_alone_is_told_by_its_headers(string headers, double? seconds)
    {
        foreach (var (status, error) in new[] { (429, HybridError.Busy), (503, HybridError.TargetUnavailable) })
        {
            var time = new ManualTimeProvider();
            await using var server = RawServer.Saying(Wire.Json(status, "{}", headers + "\r\n"));
            await using var target = new OpenAiTarget(Wire.Options(server.Endpoint), time);
            var answer = await Asking.AskAsync(target, Wire.Chat);
            Assert.Equal((error, seconds), (answer.Fault!.Error, answer.Fault.RetryAfter?.TotalSeconds));
            if (seconds is not { } pause)
                continue;
            Assert.Equal(TargetReadiness.Unavailable, target.State.Readiness);
            time.Advance(TimeSpan.FromSeconds(pause));
            Assert.Equal(TargetReadiness.Unknown, target.State.Readiness);
        }

    }

    [Fact]
    public async Task No_prompt_answer_or_key_gets_into_a_message()
    {
        const string Canary = "the canary sings at dawn";
        const string Key = "sk-canary-0123456789";
        string[] bodies =
        [
            $"{{\"error\":{{\"message\":\"cannot parse '{Canary}'\",\"type\":\"bad_thing\"}}}}",
            $"{{\"error\":{{\"message\":\"wrong key {Key}\",\"code\":\"bad_key\"}}}}",
            $"{{\"detail\":\"input was: {Canary}\"}}",
            $"{{\"error\":{{\"message\":\"x\",\"code\":\"{Canary}\",\"type\":\"{Canary}\"}}}}",
        ];
        foreach (var status in (int[])[400, 401, 429, 500])
        {
            foreach (var body in bodies)
            {
                await using var server = RawServer.Saying(Wire.Json(status, body));
                var options = Wire.Options(server.Endpoint, TargetCapabilities.None) with { ApiKey = Key };
                await using var target = new OpenAiTarget(options);
                var answer = await Asking.AskAsync(target, Wire.Chat with { Prompt = new MessagesPrompt([new("user", Canary)]) });
                Assert.DoesNotContain("canary", answer.Fault!.ToString(), StringComparison.Ordinal);
                Assert.DoesNotContain("canary", target.State.ToString(), StringComparison.Ordinal);
                Assert.DoesNotContain("canary", options.ToString(), StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task Harmless_words_of_a_server_are_passed_on_short_and_on_one_line()
    {
        var message = "max_tokens\\nmust be lower " + new string('x', 1000);
        await using var server = RawServer.Saying(Wire.Json(400, $"{{\"error\":{{\"message\":\"{message}\"}}}}"));
        await using var target = new OpenAiTarget(Wire.Options(server.Endpoint));
        var fault = (await Asking.AskAsync(target, Wire.Chat)).Fault!;
        Assert.Contains("max_tokens must be lower xxx", fault.Message, StringComparison.Ordinal);
        Assert.InRange(fault.Message.Length, 300, 500);
    }
}
