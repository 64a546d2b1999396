using Hybrid.CloudConnector.Grpc;
using Hybrid.Protocol;

namespace Hybrid.CloudConnector.Tests.Grpc;

/// <summary>The client in the box, also against what no good server sends.</summary>
public sealed class GrpcJsServerTests : GrpcContract
{
    private readonly List<HttpClient> _clients = [];

    private protected override Task<GrpcCall> StartAsync(Uri endpoint, GrpcRequest request, CancellationToken cancellationToken)
    {
        var client = new HttpClient { BaseAddress = endpoint, Timeout = Timeout.InfiniteTimeSpan };
        _clients.Add(client);
        return GrpcHttpCall.StartAsync(client, request, cancellationToken);
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
            client.Dispose();
        await base.DisposeAsync();
    }

    [Theory]
    [InlineData("zipped", 12, "compressed")]
    [InlineData("statusless", 14, "without a status")]
    [InlineData("trailerless", 14, "without a status")]
    [InlineData("late", 14, "gone after all")]
    [InlineData("broken", 14, "ended within a message")]
    [InlineData("gateway", 14, "HTTP 503")]
    [InlineData("announced", 0, "")]
    [InlineData("twice", 0, "")]
    [InlineData("nothing", 0, "")]
    public async Task What_a_server_should_not_do_is_told_in_words(string scenario, int status, string words)
    {
        var (said, fault) = await AskAsync(new GrpcRequest(Service, "Unary", new Ask { Scenario = scenario }), Peer.At("bare"));
        Assert.Equal("identity", (await Peer.SawAsync("accepts")).GetProperty("text").GetString());
        Assert.Equal((GrpcStatus)status, fault?.Status ?? GrpcStatus.Ok);
        Assert.Contains(words, fault?.Message ?? "", StringComparison.Ordinal);
        Assert.Equal(scenario switch { "twice" => 2, "announced" or "late" or "statusless" or "trailerless" => 1, _ => 0 }, said.Count);
        Assert.Equal(scenario == "gateway" ? TimeSpan.FromSeconds(4) : null, fault?.RetryAfter);
    }
}
