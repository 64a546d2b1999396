using System.Text.Json;
using Hybrid.Protocol;

namespace Hybrid.CloudWorker.Tests.Grpc;

/// <summary><c>@grpc/grpc-js</c> as the worker's client, where the protocol has edges.</summary>
public class GrpcJsClientTests
{
    private const int FiveMegabytes = 5 * 1024 * 1024;

    [Fact]
    public async Task It_sees_what_the_protocol_says_it_must()
    {
        await using var worker = await InProcessWorker.StartAsync(options => options.ApiKeys.Add("key"));
        var stalls = 0;
        worker.Target.Answer = (request, token) =>
        {
            switch (request.Id)
            {
                case "early":
                    return ScriptedTarget.Fail(new HybridException(HybridError.Busy, "vöoll, 100 %"));
                case "late":
                    return ScriptedTarget.Fail(new HybridException(HybridError.ContextExceeded, "too lång"), "a", "b");
                case "big":
                    return ScriptedTarget.Say(new string('y', FiveMegabytes));
                case "stall":
                    Interlocked.Increment(ref stalls);
                    return worker.Target.Stall(["a"], token);
                default:
                    return ScriptedTarget.Say("Hel", "lo");
            }
        };
        var run = await WorkerRun.RunAsync("node", ["grpc-edges.mjs", JsonSerializer.Serialize(new { address = worker.Server.Grpc.Authority, proto = Repository.Proto, apiKey = "key" })], Repository.Clients);
        Assert.True(run.Code == 0, run.Errors);
        using var document = JsonDocument.Parse(run.Output);
        var seen = document.RootElement;

        Assert.Equal((GrpcStatus.Ok, "Hello", ""), Seen("plain"));
        Assert.All(seen.GetProperty("again").EnumerateArray(), text => Assert.Equal("Hello", text.GetString()));
        Assert.Equal((GrpcStatus.ResourceExhausted, "", "vöoll, 100 %"), Seen("early"));
        Assert.Equal((GrpcStatus.OutOfRange, "ab", "too lång"), Seen("late"));
        Assert.Equal((GrpcStatus.Cancelled, "a"), Status("cancelled"));
        Assert.Equal((GrpcStatus.DeadlineExceeded, "a"), Status("deadline"));
        Assert.Equal(2, stalls);
        await worker.Target.Cancelled.Task.WaitAsync(worker.Limit);
        Assert.Equal((GrpcStatus.Unauthenticated, ""), Status("keyless"));
        Assert.Equal(GrpcStatus.Unimplemented, Code("method"));
        Assert.Equal(GrpcStatus.Unimplemented, Code("service"));
        Assert.Equal((GrpcStatus.Unimplemented, "", "grpc-encoding 'gzip' is not understood; send identity."), Seen("zipped"));
        Assert.Equal((GrpcStatus.Ok, "Hello", ""), Seen("fits"));
        Assert.Equal((GrpcStatus.ResourceExhausted, ""), Status("oversize"));
        Assert.Contains("over the limit of 4194304", seen.GetProperty("oversize").GetProperty("details").GetString(), StringComparison.Ordinal);
        Assert.Equal(GrpcStatus.ResourceExhausted, Code("big")); // its own limit, not ours
        Assert.Equal(FiveMegabytes, seen.GetProperty("bigAllowed").GetInt32());

        GrpcStatus Code(string name) => (GrpcStatus)seen.GetProperty(name).GetProperty("code").GetInt32();
        (GrpcStatus Code, string Text) Status(string name) => (Code(name), seen.GetProperty(name).GetProperty("text").GetString()!);
        (GrpcStatus Code, string Text, string Details) Seen(string name) => (Code(name), seen.GetProperty(name).GetProperty("text").GetString()!, seen.GetProperty(name).GetProperty("details").GetString()!);
    }
}
