using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;
using Hybrid.Protocol;
using Hybrid.Targets;

namespace Hybrid.CloudWorker.Tests.Grpc;

public class DecodeTests
{
    private static readonly GenerateRequest Ask = new() { Text = "hi", RequestId = "r1", MaxTokens = 5 };

    [Fact]
    public async Task An_answer_streams_and_ends_with_a_completion_and_a_status()
    {
        await using var worker = await InProcessWorker.StartAsync();
        var answer = await worker.CallAsync("Generate", Ask);
        var updates = await answer.ReadAsync(GenerateUpdate.Parser);
        Assert.Equal((GrpcStatus.Ok, false), (answer.Status, answer.InHeaders));
        Assert.Equal(["Hel", "lo", " wörld"], updates.Select(update => update.Text));
        Assert.Equal([null, null, "stop"], updates.Select(update => update.Completion?.FinishReason));
        Assert.Equal(ScriptedTarget.Completion, DecodeMapping.FromMessage(updates[^1]).Completion);
        Assert.Equal(("r1", 5), (worker.Target.Asked.Single().Id, worker.Target.Asked.Single().MaxTokens));
    }

    [Fact]
    public async Task Status_tells_the_engines_state_and_its_context()
    {
        await using var worker = await InProcessWorker.StartAsync();
        foreach (var method in (string[])["Status", "Warm"])
        {
            var reply = Assert.Single(await (await worker.CallAsync(method, new StatusRequest())).ReadAsync(StatusReply.Parser));
            Assert.Equal(new StatusReply { Readiness = StatusReply.Types.Readiness.Warm, QueueLength = 2, BusySlots = 1, Slots = 4, Model = "scripted", ContextLength = 512 }, reply);
        }
    }

    [Theory]
    [InlineData(HybridError.Busy, (int)GrpcStatus.ResourceExhausted)]
    [InlineData(HybridError.ContextExceeded, (int)GrpcStatus.OutOfRange)]
    [InlineData(HybridError.TargetUnavailable, (int)GrpcStatus.Unavailable)]
    public async Task A_failure_before_the_first_update_is_trailers_only_and_after_it_in_the_trailers(HybridError error, int code)
    {
        var status = (GrpcStatus)code;
        await using var worker = await InProcessWorker.StartAsync();
        worker.Target.Answer = (_, _) => ScriptedTarget.Fail(new HybridException(error, "wörld ends"));
        var early = await worker.CallAsync("Generate", Ask);
        Assert.Equal((HttpStatusCode.OK, status, true, "wörld ends"), (early.Http, early.Status, early.InHeaders, early.Message));
        worker.Target.Answer = (_, _) => ScriptedTarget.Fail(new HybridException(error, "wörld ends"), "a");
        var late = await worker.CallAsync("Generate", Ask);
        Assert.Equal((status, false, "wörld ends"), (late.Status, late.InHeaders, late.Message));
        Assert.Equal("a", Assert.Single(await late.ReadAsync(GenerateUpdate.Parser)).Text);
    }

    [Fact]
    public async Task What_the_protocol_does_not_allow_is_refused_by_name()
    {
        await using var worker = await InProcessWorker.StartAsync();
        byte[] message = GrpcFraming.ToArray(Ask);
        Assert.Equal(GrpcStatus.InvalidArgument, (await worker.CallAsync("Generate", [])).Status);
        Assert.Equal(GrpcStatus.InvalidArgument, (await worker.CallAsync("Generate", new GenerateRequest())).Status);
        Assert.Equal(GrpcStatus.Unimplemented, (await worker.CallAsync("Generate", [.. message, .. message])).Status);
        Assert.Equal(GrpcStatus.Unimplemented, (await worker.CallAsync("Generate", [1, .. message[1..]])).Status);
        Assert.Equal(GrpcStatus.Unimplemented, (await worker.CallAsync("Generate", Ask, request => request.Headers.Add("grpc-encoding", "gzip"))).Status);
        Assert.Equal(GrpcStatus.InvalidArgument, (await worker.CallAsync("Generate", Ask, request => request.Headers.Add("grpc-timeout", "soon"))).Status);
        Assert.Equal(GrpcStatus.Unimplemented, (await worker.CallAsync("Shout", Ask)).Status);
        Assert.Equal(GrpcStatus.Unimplemented, (await worker.CallAsync("/other.Service/Method", Ask)).Status);
        for (var length = 1; length < message.Length; length++)
            Assert.Equal(GrpcStatus.Unavailable, (await worker.CallAsync("Generate", message[..length])).Status);
        Assert.Empty(worker.Target.Asked);
    }

    [Fact]
    public async Task A_message_over_the_limit_is_refused_before_it_is_read()
    {
        await using var worker = await InProcessWorker.StartAsync(options => options.MaxRequestBytes = 2048);
        var answer = await worker.CallAsync("Generate", new GenerateRequest { Text = new string('x', 4096) });
        Assert.Equal(GrpcStatus.ResourceExhausted, answer.Status);
    }

    [Fact]
    public async Task Another_content_type_is_no_call()
    {
        await using var worker = await InProcessWorker.StartAsync();
        var answer = await worker.CallAsync("Generate", Ask, request => request.Content!.Headers.ContentType = new MediaTypeHeaderValue("application/json"));
        Assert.Equal((HttpStatusCode.UnsupportedMediaType, null), (answer.Http, answer.Status));
        var named = await worker.CallAsync("Generate", Ask, request => request.Content!.Headers.ContentType = new MediaTypeHeaderValue("application/grpc+proto"));
        Assert.Equal(GrpcStatus.Ok, named.Status);
    }

    [Fact]
    public async Task A_key_is_asked_for()
    {
        await using var worker = await InProcessWorker.StartAsync(options => options.ApiKeys.Add("first"));
        Assert.Equal(GrpcStatus.Unauthenticated, (await worker.CallAsync("Generate", Ask)).Status);
        Assert.Equal(GrpcStatus.Unauthenticated, (await worker.CallAsync("Status", Ask, request => request.Headers.Add("authorization", "Bearer f"))).Status);
        Assert.Equal(GrpcStatus.Ok, (await worker.CallAsync("Generate", Ask, request => request.Headers.Add("authorization", "Bearer first"))).Status);
    }

    [Theory]
    [InlineData("5S", null)]
    [InlineData("60S", 5000L)]
    [InlineData("5S", 60000L)]
    [InlineData(null, 5000L)]
    public async Task The_sooner_of_header_and_message_is_the_deadline(string? header, long? milliseconds)
    {
        var time = new Hybrid.Tests.ManualTimeProvider();
        await using var worker = await InProcessWorker.StartAsync(time: time);
        var asked = new TaskCompletionSource();
        worker.Target.Answer = (_, token) =>
        {
            asked.TrySetResult();
            return worker.Target.Stall([], token);
        };
        var message = new GenerateRequest(Ask);
        if (milliseconds is { } limit)
            message.DeadlineMilliseconds = limit;
        var call = worker.CallAsync("Generate", message, request =>
        {
            if (header is not null)
                request.Headers.Add("grpc-timeout", header);
        });
        await asked.Task.WaitAsync(worker.Limit);
        time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.False(worker.Target.Cancelled.Task.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal(GrpcStatus.DeadlineExceeded, (await call).Status);
    }

    [Fact]
    public async Task A_reset_of_the_stream_stops_the_decoding()
    {
        await using var worker = await InProcessWorker.StartAsync();
        worker.Target.Answer = (_, token) => worker.Target.Stall(["a"], token);
        using var request = InProcessWorker.Request("Generate", new ByteArrayContent(GrpcFraming.ToArray(Ask)));
        var response = await worker.Grpc.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, worker.Limit);
        Assert.False(worker.Target.Cancelled.Task.IsCompleted);
        response.Dispose();
        await worker.Target.Cancelled.Task.WaitAsync(worker.Limit);
    }

    [Fact]
    public async Task Random_bodies_end_in_a_status_and_leave_the_worker_well()
    {
        await using var worker = await InProcessWorker.StartAsync();
        var random = new Random(7);
        for (var round = 0; round < 200; round++)
        {
            var body = new byte[random.Next(0, 40)];
            random.NextBytes(body);
            if (body.Length >= 5)
                (body[0], body[1], body[2], body[3], body[4]) = (0, 0, 0, 0, (byte)(body.Length - 5));
            Assert.NotNull((await worker.CallAsync("Generate", body)).Status);
        }

        Assert.Equal(GrpcStatus.Ok, (await worker.CallAsync("Generate", Ask)).Status);
    }
}
