using Hybrid.Configuration;
using Hybrid.Targets;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Hybrid.CloudConnector.Tests.Pools;

public class PoolConfigurationTests
{
    private static readonly (string Key, string? Value)[] Good =
    [
        ("Zone", "site"), ("Model", "m"), ("Replicas:a:Endpoint", "http://127.0.0.1:1"), ("Replicas:a:ApiKey", "canary-key"), ("Replicas:b:Endpoint", "http://user:secret@127.0.0.1:2"),
        ("Replicas:b:Weight", "2"), ("Replicas:b:Settings:IdleTimeout", "00:00:05"),
    ];

    [Fact]
    public async Task Replicas_become_one_target_that_can_do_what_all_can()
    {
        await using var services = Services(Good);
        var pool = Assert.Single(services.GetRequiredService<HybridChatClient>().GetService<IReadOnlyList<ITarget>>()!);
        Assert.Equal(("pool", "m", Zone.Site), (pool.Descriptor.Name, pool.Descriptor.Model, pool.Descriptor.Zone));
        Assert.True(pool.Descriptor.Capabilities.HasFlag(TargetCapabilities.Grammar | TargetCapabilities.Continuation));
    }

    [Fact]
    public async Task A_faults_words_name_the_replica_and_no_secret()
    {
        await using var services = Services(Good);
        var fault = await Assert.ThrowsAsync<HybridException>(() => services.GetRequiredService<IChatClient>().GetResponseAsync("prompt-text"));
        Assert.Contains("Pool 'pool/", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", fault.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("canary-key", fault.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("prompt-text", fault.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Replicas:c:Weight", "0", "Replicas:c:Weight: 0 is out of range")]
    [InlineData("Replicas:c:Weigth", "1", "Replicas:c:Weigth: there is no such key; did you mean Weight?")]
    [InlineData("Replicas:c:Weight", "1", "Replicas:c:Endpoint: it is missing")]
    [InlineData("Replicas:a:Quality", "0.5", "Replicas:a:Quality: only a replica with a Model of its own")]
    [InlineData("Health:MaxEjectedShare", "0.9", "Health:MaxEjectedShare: 0.9 is out of range; use 0 to 0.5")]
    [InlineData("Limits:Connections", "0", "Limits:Connections: 0 is out of range; use 1 or more")]
    [InlineData("Retries:HedgeQuantile", "1", "Retries:HedgeQuantile: 1 is out of range; use 0.5 to 0.999")]
    [InlineData("Canary:Share", "-1", "Canary:Share: -1 is out of range; use 0 to 1")]
    [InlineData("Replicas:b:Settings:IdleTimeout", "soon", "'soon' is not a time")]
    public async Task What_cannot_be_used_is_told_with_its_path(string key, string value, string error)
    {
        await using var services = Services([.. Good, (key, value)]);
        var fault = Assert.Throws<HybridException>(() => services.GetRequiredService<HybridChatClient>());
        Assert.Equal(HybridError.Configuration, fault.Error);
        Assert.Contains("Hybrid:Pools:pool", fault.Message, StringComparison.Ordinal);
        Assert.Contains(error, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Canaries_and_substitutes_alone_are_no_pool()
    {
        await using var services = Services([.. Good, ("Replicas:a:Canary", "true"), ("Replicas:b:Model", "other")]);
        Assert.Contains("all of them are canaries or substitutes", Assert.Throws<HybridException>(() => services.GetRequiredService<HybridChatClient>()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_type_that_knows_one_endpoint_refuses_replicas()
    {
        await using var services = Services([.. Good, ("Type", "single")], add => add.AddSingleton<ITargetFactory, Single>());
        Assert.Contains("Hybrid:Pools:pool:Replicas: pools of type 'single' have one Endpoint", Assert.Throws<HybridException>(() => services.GetRequiredService<HybridChatClient>()).Message, StringComparison.Ordinal);
    }

    private static ServiceProvider Services((string Key, string? Value)[] keys, Action<IServiceCollection>? add = null)
    {
        var settings = new Dictionary<string, string?>();
        foreach (var (key, value) in keys) settings["Hybrid:Pools:pool:" + key] = value;
        var services = new ServiceCollection().AddHybrid(new ConfigurationBuilder().AddInMemoryCollection(settings).Build()).AddCloudConnector();
        add?.Invoke(services);
        return services.BuildServiceProvider();
    }

    private sealed class Single : ITargetFactory
    {
        public string Type => "single";

        public ITarget Create(PoolOptions options) => new ScriptedReplica("single");
    }
}
