using Hybrid.Accounting;
using Hybrid.Policy;
using Hybrid.Targets;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Hybrid.Tests.Configuration;

public class DependencyInjectionTests
{
    private static readonly Dictionary<string, string?> Settings = new()
    {
        ["Hybrid:Policy"] = "balanced",
        ["Hybrid:Privacy"] = "public",
        ["Hybrid:Local:ModelPath"] = "model.gguf",
        ["Hybrid:Local:ParametersBillions"] = "1",
        ["Hybrid:Pools:cloud:Endpoint"] = "http://pool:8080",
        ["Hybrid:Pools:cloud:Zone"] = "public",
        ["Hybrid:Pools:cloud:Model"] = "large",
        ["Hybrid:Pools:cloud:ParametersBillions"] = "70",
        ["Hybrid:Pools:cloud:DecodeTokensPerSecond"] = "90",
    };

    [Fact]
    public async Task An_app_asks_once_and_can_always_ask_why()
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Configuration.AddInMemoryCollection(Settings);
        builder.Services.AddHybrid(builder.Configuration);
        builder.Services.AddSingleton<ITargetFactory, ScriptedPools>(); // an app calls AddCloudConnector() here
        builder.Services.AddSingleton<ILocalTargetFactory, ScriptedEngine>();
        using var host = builder.Build();
        await host.StartAsync();

        var chat = host.Services.GetRequiredService<IChatClient>();
        var response = await chat.GetResponseAsync("Hello");
        Assert.Equal("from cloud", response.Text);
        var decision = (Decision)response.AdditionalProperties![HybridUpdateKeys.Decision]!;
        Assert.Equal(["cloud", "device"], decision.Ranking.Select(target => target.Name));
        Assert.Contains("cloud: $", decision.Explain(), StringComparison.Ordinal);
        Assert.Equal("cloud", ((RequestReceipt)response.AdditionalProperties[HybridUpdateKeys.Receipt]!).Segments.Single().Target);

        var secret = await chat.GetResponseAsync("My diary", new ChatOptions().WithPrivacy(PrivacyClass.Secret));
        Assert.Equal("from device", secret.Text);
        await host.StopAsync();
    }

    [Fact]
    public async Task Two_models_on_this_device_take_turns_in_their_budget()
    {
        var engine = new ScriptedEngine();
        await using var provider = new ServiceCollection().AddHybrid(Root(new()
        {
            ["Hybrid:Local:MemoryBudget"] = "150", // the scripted engine says 100 of each
            ["Hybrid:Local:Models:small:ModelPath"] = "a.gguf",
            ["Hybrid:Local:Models:large:ModelPath"] = "b.gguf",
            ["Hybrid:Policies:small:AllowedTargets:0"] = "small",
            ["Hybrid:Policies:large:AllowedTargets:0"] = "large",
        })).AddSingleton<ILocalTargetFactory>(engine).BuildServiceProvider();
        var chat = provider.GetRequiredService<IChatClient>();
        foreach (var name in new[] { "small", "large", "large", "small" })
            Assert.Equal($"from {name}", (await chat.GetResponseAsync("Hello", new ChatOptions().WithPolicy(name))).Text);
        Assert.Equal(["small", "large", "small"], engine.Asked.Select(options => options.Descriptor.Name));
        Assert.Equal([true, true, false], engine.Made.Select(target => target.Disposed));
        await provider.DisposeAsync();
        Assert.All(engine.Made, target => Assert.True(target.Disposed));
    }

    [Fact]
    public async Task The_client_is_one_and_its_targets_end_with_the_container()
    {
        var pools = new ScriptedPools();
        var provider = Services(Root(Settings), pools).BuildServiceProvider();
        Assert.Same(provider.GetRequiredService<HybridChatClient>(), provider.GetRequiredService<IChatClient>());
        Assert.Equal("large", Assert.Single(pools.Asked).Descriptor.Model);
        await provider.DisposeAsync();
        Assert.True(Assert.Single(pools.Made).Disposed);
    }

    [Fact]
    public async Task A_host_with_a_wrong_configuration_does_not_start()
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Configuration.AddInMemoryCollection(Settings);
        builder.Configuration["Hybrid:Pools:cloud:Zone"] = "mars";
        builder.Configuration["Hybrid:Privcy"] = "secret";
        builder.Services.AddHybrid(builder.Configuration);
        using var host = builder.Build();
        var error = await Assert.ThrowsAsync<HybridException>(() => host.StartAsync());
        Assert.Equal(HybridError.Configuration, error.Error);
        Assert.Equal(
            """
            3 settings cannot be used:
            Hybrid:Pools:cloud:Zone: 'mars' is not a zone; use device, site, region:NAME or public
            Hybrid:Privcy: there is no such key; did you mean Privacy?
            Hybrid:Pools:cloud:Type: there is no pool type 'worker'; no pool types are registered; call services.AddCloudConnector()
            """,
            error.Message);
    }

    [Fact]
    public void Without_a_host_the_first_use_says_what_is_wrong()
    {
        using var unknown = Services(Root(new(Settings) { ["Hybrid:Pools:cloud:Type"] = "quantum" }), new()).BuildServiceProvider();
        Assert.Contains(
            "Hybrid:Pools:cloud:Type: there is no pool type 'quantum'; use worker",
            Assert.Throws<HybridException>(() => unknown.GetRequiredService<IChatClient>()).Message,
            StringComparison.Ordinal);
        using var empty = Services(Root([]), new()).BuildServiceProvider();
        Assert.Contains("there is no target", Assert.Throws<HybridException>(() => empty.GetRequiredService<IChatClient>()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_reload_counts_at_once_and_a_bad_one_keeps_the_last_good_policies()
    {
        var root = Root(new(Settings) { ["Hybrid:Policies:mine:Base"] = "balanced" });
        var log = new RecordingLoggerProvider();
        var services = Services(root, new());
        services.AddLogging(logging => logging.AddProvider(log));
        using var provider = services.BuildServiceProvider();
        var client = provider.GetRequiredService<HybridChatClient>();
        Assert.Equal("cloud", Chosen());

        root["Hybrid:Policy"] = "mine";
        root["Hybrid:Policies:mine:Base"] = "offline";
        root.Reload();
        Assert.Equal("device", Chosen());
        Assert.Equal("mine", client.Decide([new(ChatRole.User, "x")]).Policy);

        root["Hybrid:Policies:mine:DollarsPerSecond"] = "-1";
        root["Hybrid:Policy"] = "fast";
        root.Reload();
        Assert.Equal("mine", client.Decide([new(ChatRole.User, "x")]).Policy);
        var (level, message) = Assert.Single(log.Entries, entry => entry.Level == LogLevel.Error);
        Assert.Contains("Hybrid:Policies:mine:DollarsPerSecond: -1 is out of range", message, StringComparison.Ordinal);
        Assert.Contains("the last good policies stay, mine the default", message, StringComparison.Ordinal);

        root["Hybrid:Policies:mine:DollarsPerSecond"] = "0.001";
        root["Hybrid:Privacy"] = "confidential";
        root.Reload();
        Assert.Equal(("fast", PrivacyClass.Confidential), (client.Decide([new(ChatRole.User, "x")]).Policy, client.Decide([new(ChatRole.User, "x")]).Profile.Privacy));

        string Chosen() => client.Decide([new(ChatRole.User, "x")]).Chosen!.Name;
    }

    [Fact]
    public async Task Prompts_and_answers_are_never_logged()
    {
        var log = new RecordingLoggerProvider();
        var services = Services(Root(Settings), new());
        services.AddLogging(logging => logging.AddProvider(log).SetMinimumLevel(LogLevel.Trace));
        await using var provider = services.BuildServiceProvider();
        await provider.GetRequiredService<IChatClient>().GetResponseAsync("open sesame");
        Assert.NotEmpty(log.Entries);
        Assert.All(log.Entries, entry => Assert.DoesNotContain("sesame", entry.Message, StringComparison.Ordinal));
        Assert.All(log.Entries, entry => Assert.DoesNotContain("from cloud", entry.Message, StringComparison.Ordinal));
    }

    private static IConfigurationRoot Root(Dictionary<string, string?> settings) => new ConfigurationBuilder().AddInMemoryCollection(settings).Build();

    private static ServiceCollection Services(IConfiguration configuration, ScriptedPools pools)
    {
        var services = new ServiceCollection();
        services.AddHybrid(configuration);
        services.AddSingleton<ITargetFactory>(pools);
        services.AddSingleton<ILocalTargetFactory, ScriptedEngine>();
        return services;
    }

    private sealed class RecordingLoggerProvider : ILoggerProvider, ILogger
    {
        public List<(LogLevel Level, string Message)> Entries { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public void Dispose()
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Entries.Add((logLevel, formatter(state, exception)));
    }
}
