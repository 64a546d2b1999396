using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Hybrid.CloudWorker.Tests.OpenAi;

public class OpenAiFailureTests
{
    private const string Chat = "/v1/chat/completions";
    private const string Ask = """{"messages":[{"role":"user","content":"hi"}]}""";
    private const string Stream = """{"messages":[{"role":"user","content":"hi"}],"stream":true}""";

    [Theory]
    [InlineData(HybridError.InvalidRequest, HttpStatusCode.BadRequest)]
    [InlineData(HybridError.ContextExceeded, HttpStatusCode.BadRequest)]
    [InlineData(HybridError.Busy, HttpStatusCode.TooManyRequests)]
    [InlineData(HybridError.TargetUnavailable, HttpStatusCode.ServiceUnavailable)]
    [InlineData(HybridError.DeadlineExceeded, HttpStatusCode.GatewayTimeout)]
    [InlineData(HybridError.Internal, HttpStatusCode.InternalServerError)]
    public async Task A_failure_before_the_first_token_has_its_status_whole_and_streamed(HybridError error, HttpStatusCode expected)
    {
        await using var worker = await InProcessWorker.StartAsync();
        worker.Target.Answer = (_, _) => ScriptedTarget.Fail(new HybridException(error, "so it is"));
        foreach (var request in (string[])[Ask, Stream])
        {
            using var response = await worker.PostAsync(Chat, request);
            Assert.Equal(expected, response.StatusCode);
            Assert.Equal(expected is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable, response.Headers.RetryAfter is not null);
            Assert.Contains("so it is", await response.Content.ReadAsStringAsync(worker.Limit), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_failure_in_mid_stream_is_an_error_event_and_no_end()
    {
        await using var worker = await InProcessWorker.StartAsync();
        worker.Target.Answer = (_, _) => ScriptedTarget.Fail(new HybridException(HybridError.TargetUnavailable, "gone"), "a", "b");
        var events = await worker.StreamAsync(Chat, Stream);
        Assert.Equal("gone", JsonDocument.Parse(events[^1]).RootElement.GetProperty("error").GetProperty("message").GetString());
        Assert.DoesNotContain("[DONE]", events);
        Assert.DoesNotContain(events, line => line.Contains("\"finish_reason\":\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_unforeseen_failure_tells_the_client_nothing_of_the_inside()
    {
        await using var worker = await InProcessWorker.StartAsync();
        worker.Target.Answer = (_, _) => ScriptedTarget.Fail(new InvalidOperationException("secret detail"));
        var (status, body) = await worker.AskAsync(Chat, Ask);
        Assert.Equal(HttpStatusCode.InternalServerError, status);
        Assert.DoesNotContain("secret detail", body.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_engine_that_ends_without_a_completion_is_a_failure()
    {
        await using var worker = await InProcessWorker.StartAsync();
        worker.Target.Answer = (_, _) => ScriptedTarget.Fail(new HybridException(HybridError.Internal, "x")).Take(0);
        Assert.Equal(HttpStatusCode.InternalServerError, (await worker.AskAsync(Chat, Ask)).Status);
    }

    [Theory]
    [InlineData(Ask)]
    [InlineData(Stream)]
    public async Task A_client_that_goes_away_stops_the_decoding(string request)
    {
        await using var worker = await InProcessWorker.StartAsync();
        worker.Target.Answer = (_, token) => worker.Target.Stall(["a"], token);
        using var client = new HttpClient { BaseAddress = worker.Server.Http };
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(worker.Limit);
        var asked = new TaskCompletionSource();
        var stall = worker.Target.Answer;
        worker.Target.Answer = (decode, token) =>
        {
            asked.TrySetResult();
            return stall(decode, token);
        };
        var call = client.PostAsync(Chat, new StringContent(request), gone.Token);
        await asked.Task.WaitAsync(worker.Limit);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await worker.Target.Cancelled.Task.WaitAsync(worker.Limit);
    }

    [Fact]
    public async Task The_deadline_of_the_header_is_a_504()
    {
        var time = new Hybrid.Tests.ManualTimeProvider();
        await using var worker = await InProcessWorker.StartAsync(time: time);
        var asked = new TaskCompletionSource();
        worker.Target.Answer = (_, token) =>
        {
            asked.TrySetResult();
            return worker.Target.Stall([], token);
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, Chat) { Content = new StringContent(Ask) };
        request.Headers.Add("X-Hybrid-Deadline-Milliseconds", "5000");
        var call = worker.Http.SendAsync(request, worker.Limit);
        await asked.Task.WaitAsync(worker.Limit);
        time.Advance(TimeSpan.FromSeconds(4));
        Assert.False(worker.Target.Cancelled.Task.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));
        using var response = await call;
        Assert.Equal(HttpStatusCode.GatewayTimeout, response.StatusCode);
        Assert.True(worker.Target.Cancelled.Task.IsCompleted);
    }

    [Fact]
    public async Task A_key_is_asked_for_everywhere_but_on_the_two_open_pages()
    {
        await using var worker = await InProcessWorker.StartAsync(options =>
        {
            options.ApiKeys.Add("first");
            options.ApiKeys.Add("second");
        });
        foreach (var key in (string?[])[null, "", "wrong", "firstsecond"])
        {
            worker.Http.DefaultRequestHeaders.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
            using var response = await worker.PostAsync(Chat, Ask);
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
            Assert.Contains("invalid_api_key", await response.Content.ReadAsStringAsync(worker.Limit), StringComparison.Ordinal);
            using var health = await worker.Http.GetAsync("/health", worker.Limit);
            Assert.Equal(HttpStatusCode.OK, health.StatusCode);
        }

        Assert.Empty(worker.Target.Asked);
        foreach (var key in (string[])["first", "second"])
        {
            worker.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
            Assert.Equal(HttpStatusCode.OK, (await worker.AskAsync(Chat, Ask)).Status);
        }
    }

    [Fact]
    public async Task Stopping_lets_a_stream_run_for_the_grace_and_then_ends_it_with_an_error()
    {
        var time = new Hybrid.Tests.ManualTimeProvider();
        await using var worker = await InProcessWorker.StartAsync(options => options.ShutdownGrace = TimeSpan.FromSeconds(30), time);
        worker.Target.Answer = (_, token) => worker.Target.Stall(["a"], token);
        using var response = await worker.PostAsync(Chat, Stream, untilHeaders: true);
        var body = response.Content.ReadAsStringAsync(worker.Limit);
        var stopped = worker.Server.StopAsync();
        time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(worker.Target.Cancelled.Task.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Contains("stopping", await body, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", await body, StringComparison.Ordinal);
        await stopped.WaitAsync(worker.Limit);
    }
}
