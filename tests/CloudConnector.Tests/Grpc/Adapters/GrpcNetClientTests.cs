using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Hybrid.Adapters.GrpcNetClient;
using Hybrid.CloudConnector.Grpc;
using Hybrid.CloudConnector.Pools;
using Hybrid.CloudConnector.Tests.Pools;
using Hybrid.CloudWorker.Tests;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Hybrid.CloudConnector.Tests.Grpc.Adapters;

/// <summary>Grpc.Net.Client under the same contract as the client in the box.</summary>
public sealed class GrpcNetClientTests : GrpcContract
{
    private readonly List<GrpcChannel> _channels = [];

    private protected override bool KeepsDeadlines => true;

    private protected override Task<GrpcCall> StartAsync(Uri endpoint, GrpcRequest request, CancellationToken cancellationToken)
    {
        var channel = GrpcChannel.ForAddress(endpoint, new() { MaxReceiveMessageSize = null });
        _channels.Add(channel);
        return new GrpcNetStarter(channel.CreateCallInvoker(), apiKey: null).StartAsync(request, cancellationToken);
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (var channel in _channels)
            channel.Dispose();
        await base.DisposeAsync();
    }
}

/// <summary>A worker asked through Grpc.Net.Client.</summary>
public sealed class GrpcNetWorkerTargetTests : WorkerTargetTests, IDisposable
{
    private readonly List<GrpcChannel> _channels = [];

    public void Dispose()
    {
        foreach (var channel in _channels)
            channel.Dispose();
    }

    protected override WorkerTarget Create(WorkerTargetOptions options, TimeProvider? time = null)
    {
        var channel = GrpcChannel.ForAddress(options.Endpoint, new() { MaxReceiveMessageSize = null });
        _channels.Add(channel);
        return new(options.Over(channel.CreateCallInvoker()), time);
    }

    [Fact]
    public async Task An_apps_interceptor_sees_the_calls_of_a_configured_pool()
    {
        await using var worker = await InProcessWorker.StartAsync();
        using var channel = GrpcChannel.ForAddress(worker.Server.Grpc);
        var seen = new Seeing();
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Hybrid:Pools:far:Type"] = "worker",
            ["Hybrid:Pools:far:Endpoint"] = worker.Server.Grpc.ToString(),
            ["Hybrid:Pools:far:Zone"] = "site",
            ["Hybrid:Pools:far:Model"] = "scripted",
        }).Build();
        await using var services = new ServiceCollection().AddHybrid(configuration).AddCloudConnector()
            .AddGrpcNetClient(options => channel.Intercept(seen))
            .BuildServiceProvider();
        var answer = await services.GetRequiredService<Microsoft.Extensions.AI.IChatClient>().GetResponseAsync([new(Microsoft.Extensions.AI.ChatRole.User, "hi")], null, worker.Limit);
        Assert.Equal("Hello wörld", answer.Text);
        Assert.Contains("/hybrid.decode.v1.Decode/Generate", seen.Methods);
    }

    [Fact]
    public async Task Without_an_invoker_it_opens_a_channel_itself()
    {
        await using var worker = await InProcessWorker.StartAsync();
        await using var services = new ServiceCollection().AddGrpcNetClient().BuildServiceProvider();
        var options = Asking.Options(worker.Server.Grpc);
        await using var target = new WorkerTarget(options with { Starter = services.GetRequiredService<GrpcStarterSource>()(options) });
        Assert.Equal("Hello wörld", (await Asking.AskAsync(target)).Text);
    }

    [Fact]
    public void An_authority_beside_an_own_channel_is_refused()
    {
        using var channel = GrpcChannel.ForAddress("http://127.0.0.1:1");
        var refusal = Assert.Throws<HybridException>(() => (Asking.Options(new("http://127.0.0.1:1")) with { CertificateAuthorityPath = "ca.pem" }).Over(channel.CreateCallInvoker()));
        Assert.Equal(HybridError.Configuration, refusal.Error);
    }

    private sealed class Seeing : Interceptor
    {
        public List<string> Methods { get; } = [];

        public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
            TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncServerStreamingCallContinuation<TRequest, TResponse> continuation)
        {
            lock (Methods) Methods.Add(context.Method.FullName);
            return continuation(request, context);
        }
    }
}
