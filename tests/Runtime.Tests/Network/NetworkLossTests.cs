using System.Net.Sockets;
using Hybrid.Accounting;
using Hybrid.Configuration;
using Hybrid.Network;
using Hybrid.Policy;
using Hybrid.Streaming;
using Hybrid.Targets;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Hybrid.Tests.Network;

public sealed class NetworkLossTests
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(60);
    private readonly ManualTimeProvider _time = new();
    private readonly ManualMonitor _monitor = new();
    private readonly LogLines _log = new();
    private readonly RemoteTarget _one = new("one") { HangsAfter = 3 };
    private readonly RemoteTarget _two = new("two") { HangsAfter = 3 };
    private readonly RemoteTarget _device = new("device") { NeedsNetwork = false };

    private static RoutingPolicy Order { get; } = new() { Name = "order", AllowedTargets = ["one", "device"] };

    private static RoutingPolicy Other { get; } = new() { Name = "other", AllowedTargets = ["two", "device"] };

    [Fact]
    public async Task Fifty_streams_go_on_locally_at_once_and_it_is_one_event()
    {
        using var client = Client(_one, _two, _device);
        var streams = await StreamAsync(client, 50);
        _monitor.Become(false);
        foreach (var stream in streams)
        {
            var (text, receipt) = await stream.WaitAsync(Hang);
            Assert.Equal(RemoteTarget.Whole, text);
            var handover = Assert.Single(receipt.Handovers);
            Assert.Equal(("device", HandoverReason.Fault, 3, TimeSpan.Zero), (handover.To, handover.Reason, handover.AtToken, handover.Gap));
            Assert.Equal([true, false], receipt.Segments.Select(segment => segment.NetworkLost));
            Assert.Equal(0, receipt.WastedTokens);
        }

        Assert.Equal((25, 25, 50), (_one.Asked, _two.Asked, _device.Asked));
        Assert.StartsWith("The network is down", Assert.Single(_log.Warnings), StringComparison.Ordinal);

        // Who asks now goes local, and is told why.
        Assert.Contains("one (m, public): removed: unavailable: the network is down", client.Decide([new(ChatRole.User, "x")]).Explain(), StringComparison.Ordinal);
        Assert.Equal("device", Assert.Single(Receipt(await client.GetResponseAsync("x")).Segments).Target);

        _monitor.Become(true);
        var back = client.Decide([new(ChatRole.User, "x")]);
        Assert.Equal("one", back.Chosen!.Name);
        Assert.Equal(0, back.Chosen.FailureProbability); // a lost network is not the target's fault
        Assert.Single(_log.Of(1402));
        Assert.Single(_log.Warnings);
    }

    [Fact]
    public async Task Connections_to_two_targets_that_break_take_the_third_streams_along()
    {
        var third = new RemoteTarget("third") { HangsAfter = 3 };
        var last = new RoutingPolicy { Name = "last", AllowedTargets = ["third", "device"] };
        using var client = new HybridChatClient([_one, _two, third, _device], Options() with { Policies = [Other, last] });
        var streams = await StreamAsync(client, 2);
        var silent = await StreamAsync(client, 1, "last");
        _one.Break(Fault());
        _two.Break(Fault());
        foreach (var stream in streams.Concat(silent)) Assert.Equal(RemoteTarget.Whole, (await stream.WaitAsync(Hang)).Text);
        Assert.Contains("broke at the same time", Assert.Single(_log.Of(1401)), StringComparison.Ordinal);
        Assert.True((await silent[0]).Receipt.Segments[0].NetworkLost);

        // They answer again, and one probe finds out.
        _one.HangsAfter = null;
        _one.Probe = _two.Probe = third.Probe = () => true;
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("one", Assert.Single(Receipt(await client.GetResponseAsync("x")).Segments).Target);

        static HybridException Fault() => new(HybridError.TargetUnavailable, "broken", new IOException("broken", new SocketException()));
    }

    [Fact]
    public async Task What_came_stays_and_the_rest_comes_from_here()
    {
        using var client = Client(new RemoteTarget("one"), _device);
        var text = "";
        await foreach (var update in client.GetStreamingResponseAsync("x"))
        {
            text += update.Text;
            if (text.Length == 4) _monitor.Become(false);
            if (text.Length < 5) Assert.Equal("one", update.AdditionalProperties![HybridUpdateKeys.Target]);
        }

        Assert.Equal(RemoteTarget.Whole, text);
        Assert.Empty(_log.Of(1402));
        Assert.Equal(1, _device.Asked);
    }

    [Fact]
    public async Task Targets_that_need_no_network_do_not_notice()
    {
        _monitor.Become(false);
        var loopback = new RemoteTarget("one") { NeedsNetwork = false };
        using var client = Client(loopback, _device);
        Assert.Equal("one", Assert.Single(Receipt(await client.GetResponseAsync("x")).Segments).Target);
        Assert.False(_monitor.IsWatched);
        Assert.Empty(_log.Warnings);
    }

    [Fact]
    public async Task Where_nobody_is_left_the_words_say_what_happened_and_what_was_kept()
    {
        using var client = Client(_one);
        var stream = (await StreamAsync(client, 1))[0];
        _monitor.Become(false);
        var error = await Assert.ThrowsAsync<HybridException>(() => stream.WaitAsync(Hang));
        Assert.Equal(HybridError.TargetUnavailable, error.Error);
        Assert.StartsWith("Target 'one' is out of reach: the network is down. 3 tokens were delivered and stay valid.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pool_that_was_being_woken_is_waited_for_no_longer()
    {
        var cold = new RemoteTarget("one")
        {
            Descriptor = _one.Descriptor with { ParametersBillions = 70, ColdStart = TimeSpan.FromSeconds(2), DecodeTokensPerSecond = 200 },
            State = new(TargetReadiness.Cold, "scaled to zero"),
        };
        var device = new RemoteTarget("device") { NeedsNetwork = false, HangsAfter = 2, Descriptor = _device.Descriptor with { DecodeTokensPerSecond = 10 } };
        using var client = new HybridChatClient([cold, device], Options() with { Policy = PolicyPresets.Fast });
        Assert.Equal("device", client.Decide([new(ChatRole.User, "x")]).Bridge?.Target);
        var read = new CountdownEvent(1); // the second is kept back for the handover
        var stream = ReadAsync(client, null, read);
        Assert.True(read.Wait(Hang));
        _monitor.Become(false);
        device.HangsAfter = null;
        device.Break(new HybridException(HybridError.Internal, "broken"));
        var error = await Assert.ThrowsAsync<HybridException>(() => stream.WaitAsync(Hang));
        Assert.Contains("not asked: one: it could not be woken: the network is down", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, cold.Asked);
    }

    [Fact]
    public void An_apps_own_monitor_counts()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Hybrid:Pools:cloud:Endpoint"] = "http://pool:8080",
            ["Hybrid:Pools:cloud:Zone"] = "public",
            ["Hybrid:Pools:cloud:Model"] = "large",
            ["Hybrid:Privacy"] = "public",
        }).Build();
        _monitor.Become(false);
        using var services = new ServiceCollection().AddHybrid(configuration)
            .AddSingleton<INetworkMonitor>(_monitor).AddSingleton<ITargetFactory, RemotePools>().BuildServiceProvider();
        Assert.Contains("the network is down", services.GetRequiredService<HybridChatClient>().Decide([new(ChatRole.User, "x")]).ExplainLine(), StringComparison.Ordinal);
    }

    private static RequestReceipt Receipt(ChatResponse response) => (RequestReceipt)response.AdditionalProperties![HybridUpdateKeys.Receipt]!;

    private HybridChatClientOptions Options() => new()
    {
        TimeProvider = _time,
        Policy = Order,
        Policies = [Other],
        Privacy = PrivacyClass.Public,
        Network = _monitor,
        Logger = _log,
        Randomizer = () => 0.5,
    };

    private HybridChatClient Client(params ITarget[] targets) => new(targets, Options());

    /// <summary>Begins streams, half of them under the other policy, and waits until all of them hang.</summary>
    private static async Task<List<Task<(string Text, RequestReceipt Receipt)>>> StreamAsync(HybridChatClient client, int count, string? policy = null)
    {
        var read = new CountdownEvent(count * 3);
        List<Task<(string, RequestReceipt)>> streams = [.. Enumerable.Range(0, count).Select(i => ReadAsync(client, policy ?? (i % 2 == 0 ? null : Other.Name), read))];
        await Task.Run(() => Assert.True(read.Wait(Hang)));
        return streams;
    }

    private static async Task<(string Text, RequestReceipt Receipt)> ReadAsync(HybridChatClient client, string? policy, CountdownEvent read)
    {
        await Task.Yield();
        var text = "";
        RequestReceipt? receipt = null;
        await foreach (var update in client.GetStreamingResponseAsync("x", policy is null ? null : new ChatOptions().WithPolicy(policy)))
        {
            text += update.Text;
            receipt = update.AdditionalProperties!.GetValueOrDefault(HybridUpdateKeys.Receipt) as RequestReceipt;
            if (text.Length <= 3 && update.Text.Length > 0 && !read.IsSet) read.Signal();
        }

        return (text, receipt!);
    }

    private sealed class RemotePools : ITargetFactory
    {
        public string Type => "worker";

        public ITarget Create(PoolOptions options) => new RemoteTarget(options.Descriptor.Name) { Descriptor = options.Descriptor };
    }
}
