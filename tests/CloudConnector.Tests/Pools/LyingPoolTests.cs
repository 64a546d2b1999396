using Hybrid.CloudConnector.Pools;
using Hybrid.Protocol;
using Microsoft.AspNetCore.Http;

namespace Hybrid.CloudConnector.Tests.Pools;

public class LyingPoolTests
{
    private static readonly GenerateUpdate Piece = new() { Text = "a", TokenCount = 1 };
    private static readonly GenerateUpdate End = new() { Text = "b", TokenCount = 1, Completion = new() { FinishReason = "stop", OutputTokens = 2 } };

    [Fact]
    public Task An_honest_answer_passes() => ExpectAsync(context => LyingPool.WriteAsync(context, "0", Piece, End), "ab", null);

    [Fact]
    public Task An_end_without_a_completion_is_a_failure_whatever_its_status() =>
        ExpectAsync(context => LyingPool.WriteAsync(context, "0", Piece), "a", HybridError.TargetUnavailable);

    [Fact]
    public Task A_completion_without_a_status_is_a_failure_and_never_shown() =>
        ExpectAsync(context => LyingPool.WriteAsync(context, null, Piece, End), "a", HybridError.TargetUnavailable);

    [Fact]
    public Task A_completion_with_a_failed_status_is_a_failure() =>
        ExpectAsync(context => LyingPool.WriteAsync(context, "8", Piece, End), "a", HybridError.Busy);

    [Fact]
    public Task Text_after_the_completion_is_a_failure() =>
        ExpectAsync(context => LyingPool.WriteAsync(context, "0", Piece, End, Piece), "a", HybridError.TargetUnavailable);

    [Fact]
    public Task Two_completions_are_a_failure() =>
        ExpectAsync(context => LyingPool.WriteAsync(context, "0", End, End), "", HybridError.TargetUnavailable);

    [Fact]
    public Task An_unknown_finish_reason_is_a_failure() =>
        ExpectAsync(context => LyingPool.WriteAsync(context, "0", Piece, new GenerateUpdate { Completion = new() { FinishReason = "tired" } }), "a", HybridError.Internal);

    [Theory]
    [InlineData("17")]
    [InlineData("-1")]
    [InlineData("ok")]
    public Task A_status_that_is_none_is_a_failure(string status) =>
        ExpectAsync(context => LyingPool.WriteAsync(context, status, Piece, End), "a", HybridError.Internal);

    [Theory]
    [InlineData(503, HybridError.TargetUnavailable)]
    [InlineData(429, HybridError.TargetUnavailable)]
    [InlineData(401, HybridError.Unauthorized)]
    [InlineData(404, HybridError.TargetUnavailable)]
    [InlineData(200, HybridError.Internal)]
    public Task An_answer_that_is_not_grpc_has_the_error_of_its_http_status(int status, HybridError error) => ExpectAsync(
        async context =>
        {
            context.Response.StatusCode = status;
            context.Response.ContentType = "text/html";
            await context.Response.WriteAsync("<h1>proxy</h1>");
        },
        "",
        error);

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        await using var elsewhere = await LyingPool.StartAsync(context => LyingPool.WriteAsync(context, "0", End));
        await ExpectAsync(
            context =>
            {
                context.Response.Redirect(elsewhere.Endpoint.ToString(), permanent: true, preserveMethod: true);
                return Task.CompletedTask;
            },
            "",
            HybridError.Internal);
        Assert.Equal(0, elsewhere.Calls);
    }

    [Fact]
    public async Task Garbage_for_messages_is_a_typed_fault()
    {
        var random = new Random(3);
        for (var round = 0; round < 100; round++)
        {
            var garbage = new byte[random.Next(1, 40)];
            random.NextBytes(garbage);
            await using var pool = await LyingPool.StartAsync(async context =>
            {
                context.Response.ContentType = "application/grpc";
                await context.Response.Body.WriteAsync(garbage);
                context.Response.AppendTrailer("grpc-status", "0");
            });
            await using var target = new WorkerTarget(Asking.Options(pool.Endpoint));
            var answer = await Asking.AskAsync(target);
            Assert.NotNull(answer.Fault);
            Assert.Equal("", answer.Text);
        }
    }

    private static async Task ExpectAsync(Func<HttpContext, Task> answer, string text, HybridError? error)
    {
        await using var pool = await LyingPool.StartAsync(answer);
        await using var target = new WorkerTarget(Asking.Options(pool.Endpoint));
        var got = await Asking.AskAsync(target);
        Assert.Equal((text, error), (got.Text, got.Fault?.Error));
        Assert.Equal(error is null, got.Completion is not null);
        Assert.Equal(1, pool.Calls);
    }
}
