using System.Collections.Concurrent;
using Hybrid.Accounting;
using Hybrid.CloudConnector.Pools;
using Hybrid.CloudWorker.Tests;
using Hybrid.Network;
using Hybrid.Policy;
using Hybrid.Targets;
using Hybrid.Tests;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;

namespace Hybrid.CloudConnector.Tests.Pools;

/// <summary>Over real sockets, what breaking connections look like is recognised.</summary>
public class NetworkLossTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Two_lines_that_are_cut_take_the_third_ones_stream_along_and_a_probe_over_it_ends_the_event(bool reset)
    {
        await using var worker = await InProcessWorker.StartAsync();
        worker.Target.Answer = (_, token) => worker.Target.Stall(["a"], token);
        var proxies = Enumerable.Range(0, 3).Select(_ => new ToxicProxy(worker.Server.Grpc) { Reset = reset }).ToArray();
        ITarget[] pools = [.. proxies.Select((proxy, i) => new FarPool($"pool{i}", proxy.Endpoint))];
        var device = new ScriptedTarget
        {
            Answer = (_, _) => ScriptedTarget.Say("b", "c"),
            Descriptor = new() { Name = "device", Model = "m", Zone = Zone.Device, Capabilities = TargetCapabilities.Chat | TargetCapabilities.Continuation },
        };
        var log = new Lines();
        var time = new ManualTimeProvider(); // it stands still while lines break, so that they do so together on any machine
        RoutingPolicy[] policies = [.. pools.Select(pool => new RoutingPolicy { Name = pool.Descriptor.Name, AllowedTargets = [pool.Descriptor.Name, "device"] })];
        await using var client = new HybridChatClient(
            [.. pools, device],
            new() { Policy = policies[0], Policies = policies, Privacy = PrivacyClass.Public, Network = new AlwaysThere(), Randomizer = () => 0.01, Logger = log, TimeProvider = time, OwnsTargets = true });

        using var read = new CountdownEvent(3);
        var streams = policies.Select(policy => Task.Run(() => ReadAsync(client, policy.Name, read))).ToArray();
        Assert.True(await Task.Run(() => read.Wait(TimeSpan.FromSeconds(60))));
        await Task.WhenAll(proxies[0].DisposeAsync().AsTask(), proxies[1].DisposeAsync().AsTask());
        foreach (var stream in streams)
        {
            var (text, receipt) = await stream.WaitAsync(TimeSpan.FromSeconds(60));
            Assert.Equal("abc", text);
            Assert.Equal("device", Assert.Single(receipt.Handovers).To);
        }

        Assert.True((await streams[2]).Receipt.Segments[0].NetworkLost);
        Assert.Equal(1, log.All.Count(line => line.Id == 1401));
        var patience = TimeProvider.System.GetTimestamp();
        for (var delay = TimeSpan.FromMilliseconds(10); !log.Back.Task.IsCompleted; delay *= 2)
        {
            while (!time.HasTimerAt(delay) && !log.Back.Task.IsCompleted)
            {
                Assert.True(TimeProvider.System.GetElapsedTime(patience) < TimeSpan.FromSeconds(60), "It is not back.");
                await Task.Yield();
            }

            time.Advance(delay);
        }

        Assert.EndsWith("pool2 answers.", log.All.Single(line => line.Id == 1402).Text, StringComparison.Ordinal);
        await proxies[2].DisposeAsync();
    }

    [Theory]
    [InlineData("http://127.0.0.1:1", false)]
    [InlineData("http://[::1]:1", false)]
    [InlineData("http://localhost:1", false)]
    [InlineData("https://pool.example:1", true)]
    [InlineData("http://10.0.0.1:1", true)]
    public async Task Loopback_needs_no_network(string endpoint, bool needs)
    {
        await using var target = new WorkerTarget(Asking.Options(new(endpoint)));
        Assert.Equal(needs, target.NeedsNetwork);
    }

    [Fact]
    public async Task A_probe_tells_who_answers_from_who_does_not()
    {
        await using var worker = await InProcessWorker.StartAsync(options => options.ApiKeys.Add("right"));
        await using var right = new WorkerTarget(Asking.Options(worker.Server.Grpc) with { ApiKey = "right" });
        await using var refused = new WorkerTarget(Asking.Options(worker.Server.Grpc) with { ApiKey = "wrong" });
        await using var nobody = new WorkerTarget(Asking.Options(new("http://127.0.0.1:1")));
        Assert.True(await right.ProbeAsync(worker.Limit));
        Assert.Equal(TargetReadiness.Warm, right.State.Readiness);
        Assert.True(await refused.ProbeAsync(worker.Limit)); // a refusal is an answer
        Assert.False(await nobody.ProbeAsync(worker.Limit));
    }

    private static async Task<(string Text, RequestReceipt Receipt)> ReadAsync(HybridChatClient client, string policy, CountdownEvent read)
    {
        var text = "";
        RequestReceipt? receipt = null;
        await foreach (var update in client.GetStreamingResponseAsync("x", new ChatOptions().WithPolicy(policy)))
        {
            text += update.Text;
            receipt = update.AdditionalProperties!.GetValueOrDefault(HybridUpdateKeys.Receipt) as RequestReceipt;
            if (text == "a" && update.Text.Length > 0) read.Signal();
        }

        return (text, receipt!);
    }

    private sealed class AlwaysThere : INetworkMonitor
    {
        public event EventHandler? Changed
        {
            add { }
            remove { }
        }

        public bool IsAvailable => true;
    }

    /// <summary>A pool on loopback that is taken to be far away.</summary>
    private sealed class FarPool(string name, Uri endpoint) : ITarget, INetworkTarget
    {
        private readonly WorkerTarget _pool = new(Asking.Options(endpoint) with
        {
            Descriptor = new() { Name = name, Model = "scripted", Zone = Zone.Public, Capabilities = TargetCapabilities.Chat | TargetCapabilities.Continuation },
        });

        public bool NeedsNetwork => true;

        public TargetDescriptor Descriptor => _pool.Descriptor;

        public TargetState State => _pool.State;

        public IAsyncEnumerable<DecodeUpdate> GenerateAsync(DecodeRequest request, CancellationToken cancellationToken = default) => _pool.GenerateAsync(request, cancellationToken);

        public ValueTask WarmAsync(CancellationToken cancellationToken = default) => _pool.WarmAsync(cancellationToken);

        public ValueTask<bool?> ProbeAsync(CancellationToken cancellationToken = default) => _pool.ProbeAsync(cancellationToken);

        public ValueTask DisposeAsync() => _pool.DisposeAsync();
    }

    private sealed class Lines : ILogger
    {
        public ConcurrentQueue<(int Id, string Text)> All { get; } = [];

        public TaskCompletionSource Back { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            All.Enqueue((eventId.Id, formatter(state, exception)));
            if (eventId.Id == 1402) Back.TrySetResult();
        }
    }
}
