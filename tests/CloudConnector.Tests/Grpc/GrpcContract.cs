using Google.Protobuf;
using Hybrid.CloudConnector.Grpc;
using Hybrid.Protocol;

namespace Hybrid.CloudConnector.Tests.Grpc;

/// <summary>What every client of gRPC must do with a server that <c>@grpc/grpc-js</c> makes; a class for each client derives from this one.</summary>
public abstract class GrpcContract : IAsyncLifetime
{
    private protected const string Service = "hybrid.conformance.v1.Conformance";
    private NodePeer _peer = null!;

    private protected NodePeer Peer => _peer;

    /// <summary>Whether the client ends a call at its deadline as well, and may be the first to do so.</summary>
    private protected virtual bool KeepsDeadlines => false;

    public async ValueTask InitializeAsync() => _peer = await NodePeer.StartAsync("conformance.mjs");

    public virtual async ValueTask DisposeAsync()
    {
        await _peer.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Starts a call with the client under test.</summary>
    private protected abstract Task<GrpcCall> StartAsync(Uri endpoint, GrpcRequest request, CancellationToken cancellationToken);

    [Fact]
    public async Task One_message_goes_and_one_comes()
    {
        var (said, fault) = await AskAsync("Unary", new Ask { Scenario = "grüße", Count = 3, Data = ByteString.CopyFrom(1, 2, 3, 4) });
        Assert.Null(fault);
        Assert.Equal(new Say { Text = "grüße", Count = 4, Data = ByteString.CopyFrom(7, 7, 7) }, Assert.Single(said));
    }

    [Fact]
    public async Task A_stream_comes_whole_and_in_order()
    {
        var (said, fault) = await AskAsync("Stream", new Ask { Scenario = "s", Count = 500 });
        Assert.Null(fault);
        Assert.Equal(Enumerable.Range(0, 500), said.Select(one => one.Count));
    }

    [Theory]
    [InlineData("Unary", "exhausted", 8, "füll, 100 %\nup", 1500)]
    [InlineData("Stream", "exhausted", 8, "füll, 100 %\nup", 1500)]
    [InlineData("Unary", "never", 14, "go away", 0)]
    [InlineData("Unary", "odd", 2, "a code of tomorrow", 0)]
    public async Task A_refusal_gives_its_status_its_words_and_its_wait(string method, string scenario, int status, string words, int wait)
    {
        var (said, fault) = await AskAsync(method, new Ask { Scenario = scenario });
        Assert.Empty(said);
        Assert.Equal(((GrpcStatus)status, words, false), (fault!.Status, fault.Message, fault.IsLocal));
        Assert.Equal(wait == 0 ? null : TimeSpan.FromMilliseconds(wait), fault.RetryAfter);
    }

    [Fact]
    public async Task A_refusal_behind_messages_comes_with_the_trailers()
    {
        var (said, fault) = await AskAsync("Stream", new Ask { Scenario = "exhausted", Count = 3 });
        Assert.Equal(3, said.Count);
        Assert.Equal(GrpcStatus.ResourceExhausted, fault!.Status);
    }

    [Fact]
    public async Task A_method_that_is_not_there_is_unimplemented()
    {
        var (_, fault) = await AskAsync("Shout", new Ask());
        Assert.Equal(GrpcStatus.Unimplemented, fault!.Status);
    }

    [Fact]
    public async Task Metadata_goes_and_a_servers_own_disturbs_nothing()
    {
        var (said, fault) = await AskAsync(new GrpcRequest(Service, "Unary", new Ask { Scenario = "metadata" }) { Metadata = [("triton_grpc_error", "true"), ("authorization", "Bearer k")] });
        Assert.Null(fault);
        var seen = Assert.Single(said).Metadata;
        Assert.Equal(("true", "Bearer k"), (seen["triton_grpc_error"], seen["authorization"]));
    }

    [Fact]
    public async Task Several_messages_go_and_our_end_is_seen()
    {
        var outgoing = new GrpcOutgoing();
        outgoing.Write(new Ask { Scenario = "a" });
        var asked = AskAsync(new GrpcRequest(Service, "Collect", outgoing));
        Assert.Equal("a", (await _peer.SawAsync("message")).GetProperty("text").GetString());
        outgoing.Write(new Ask { Scenario = "b" });
        Assert.Equal("b", (await _peer.SawAsync("message")).GetProperty("text").GetString());
        Assert.False(asked.IsCompleted);
        outgoing.Complete();
        await _peer.SawAsync("half-close");
        var (said, fault) = await asked;
        Assert.Null(fault);
        Assert.Equal(new Say { Text = "a+b", Count = 2 }, Assert.Single(said));
    }

    [Fact]
    public async Task Both_sides_talk_in_turn()
    {
        var outgoing = new GrpcOutgoing();
        outgoing.Write(new Ask { Scenario = "0" });
        await using var call = await StartAsync(_peer.Endpoint, new(Service, "Talk", outgoing), _peer.Limit);
        for (var turn = 0; turn < 20; turn++)
        {
            Assert.Equal($"re {turn}", (await call.ReadAsync(Say.Parser, _peer.Limit))!.Text);
            outgoing.Write(new Ask { Scenario = $"{turn + 1}" });
        }

        outgoing.Complete();
        await _peer.SawAsync("half-close");
        Assert.Equal("re 20", (await call.ReadAsync(Say.Parser, _peer.Limit))!.Text);
        Assert.Equal("bye", (await call.ReadAsync(Say.Parser, _peer.Limit))!.Text);
        Assert.Null(await call.ReadAsync(Say.Parser, _peer.Limit));
    }

    [Fact]
    public async Task A_server_may_end_the_call_while_our_half_is_open()
    {
        var outgoing = new GrpcOutgoing();
        outgoing.Write(new Ask { Scenario = "refuse" });
        var (_, fault) = await AskAsync(new GrpcRequest(Service, "Talk", outgoing));
        Assert.Equal(GrpcStatus.ResourceExhausted, fault!.Status);
        outgoing.Write(new Ask { Scenario = "into the void" });
    }

    [Fact]
    public async Task Leaving_a_stream_cancels_it_at_the_server()
    {
        await using (var call = await StartAsync(_peer.Endpoint, new(Service, "Stream", new Ask { Scenario = "endless", Count = 1 }), _peer.Limit))
            Assert.NotNull(await call.ReadAsync(Say.Parser, _peer.Limit));
        Assert.Equal("reset", (await _peer.SawAsync("cancelled")).GetProperty("reason").GetString());
    }

    [Fact]
    public async Task Cancelling_before_the_first_word_cancels_it_at_the_server()
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(_peer.Limit);
        var first = new GrpcOutgoing();
        first.Write(new Ask { Scenario = "a" });
        var asked = StartAsync(_peer.Endpoint, new(Service, "Collect", first), cancel.Token);
        await _peer.SawAsync("message");
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
    }

    [Fact]
    public async Task The_deadline_travels_and_the_server_keeps_it()
    {
        var (said, fault) = await AskAsync(new GrpcRequest(Service, "Stream", new Ask { Scenario = "endless", Count = 1 }) { Timeout = TimeSpan.FromMilliseconds(300) });
        Assert.Single(said);
        Assert.Equal(GrpcStatus.DeadlineExceeded, fault!.Status);
        var reason = (await _peer.SawAsync("cancelled")).GetProperty("reason").GetString();
        Assert.True(reason == "deadline" || (KeepsDeadlines && reason == "reset"), reason);
    }

    [Fact]
    public async Task Four_megabytes_come_and_a_byte_more_does_not_unless_it_may()
    {
        const int Limit = GrpcFraming.DefaultMessageLimit;
        var overhead = new Say { Text = "big", Count = 1, Data = ByteString.CopyFrom(new byte[Limit]) }.CalculateSize() - Limit;
        var most = new Ask { Scenario = "big", Count = Limit - overhead, Data = ByteString.CopyFrom(1) };
        var (said, fault) = await AskAsync("Unary", most);
        Assert.Null(fault);
        Assert.Equal(Limit - overhead, Assert.Single(said).Data.Length);
        most.Count++;
        (_, fault) = await AskAsync("Unary", most);
        Assert.Equal((GrpcStatus.ResourceExhausted, true), (fault!.Status, fault.IsLocal));
        Assert.Contains("over the limit of 4194304", fault.Message, StringComparison.Ordinal);
        (said, fault) = await AskAsync(new GrpcRequest(Service, "Unary", most) { MessageLimit = Limit + 1 });
        Assert.Null(fault);
        Assert.Single(said);
    }

    [Fact]
    public async Task A_message_beyond_the_servers_limit_is_its_refusal()
    {
        var (_, fault) = await AskAsync("Unary", new Ask { Data = ByteString.CopyFrom(new byte[GrpcFraming.DefaultMessageLimit + 1]) });
        Assert.Equal((GrpcStatus.ResourceExhausted, false), (fault!.Status, fault.IsLocal));
    }

    [Theory]
    [InlineData("late", 14, "gone after all")]
    [InlineData("statusless", 14, "")]
    [InlineData("trailerless", 14, "")]
    [InlineData("gateway", 14, "503")]
    public async Task An_end_that_is_none_is_a_pool_that_is_not_there(string scenario, int status, string words)
    {
        var (_, fault) = await AskAsync(new GrpcRequest(Service, "Unary", new Ask { Scenario = scenario }), _peer.At("bare"));
        Assert.Equal((GrpcStatus)status, fault!.Status);
        Assert.Contains(words, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_that_the_server_resets_is_a_fault_of_the_transport()
    {
        await Assert.ThrowsAnyAsync<IOException>(() => AskAsync(new GrpcRequest(Service, "Unary", new Ask { Scenario = "reset" }), _peer.At("bare")));
    }

    private Task<(List<Say> Said, GrpcException? Fault)> AskAsync(string method, Ask ask) => AskAsync(new GrpcRequest(Service, method, ask));

    private protected async Task<(List<Say> Said, GrpcException? Fault)> AskAsync(GrpcRequest request, Uri? endpoint = null)
    {
        List<Say> said = [];
        try
        {
            await using var call = await StartAsync(endpoint ?? _peer.Endpoint, request, _peer.Limit);
            while (await call.ReadAsync(Say.Parser, _peer.Limit) is { } one)
                said.Add(one);
            return (said, null);
        }
        catch (GrpcException fault)
        {
            return (said, fault);
        }
    }
}
