using System.Text;
using Hybrid.Configuration;
using Hybrid.Policy.Log;
using Hybrid.Targets;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Hybrid.Tests.Configuration;

public sealed class DecisionLogOptionsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hybrid-options").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Every_key_is_read()
    {
        var options = Read("""
            { "Hybrid": {
                "DecisionLog": { "Path": "logs/d.jsonl", "MaxFileSize": "1MiB", "KeptFiles": 0, "QueueLength": 9 },
                "Policies": { "mine": { "Learn": true, "ExplorationRate": 0.05, "MaxExplorationDollars": 0.002 }, "heir": { "Base": "mine" } } } }
            """);
        Assert.Empty(options.Errors);
        Assert.Equal(new DecisionLogOptions { Path = Path.Combine(AppContext.BaseDirectory, "logs/d.jsonl"), MaxFileSize = 1 << 20, KeptFiles = 0, QueueLength = 9 }, options.DecisionLog);
        var heir = options.Policies["heir"];
        Assert.Equal((true, 0.05, 0.002), (heir.Learn, heir.ExplorationRate, heir.MaxExplorationDollars));
        Assert.Null(Read("""{ "Hybrid": { } }""").DecisionLog);
    }

    [Theory]
    [InlineData("""{ "DecisionLog": { "KeptFiles": 2 } }""", "Hybrid:DecisionLog:Path: it is missing")]
    [InlineData("""{ "DecisionLog": { "Path": "/" } }""", "Hybrid:DecisionLog:Path: '/' is a folder")]
    [InlineData("""{ "DecisionLog": { "Path": "d", "KeptFiles": -1 } }""", "Hybrid:DecisionLog:KeptFiles: -1 is out of range; use 0 to 1000")]
    [InlineData("""{ "DecisionLog": { "Path": "d", "MaxFileSize": 100 } }""", "Hybrid:DecisionLog:MaxFileSize: 100 is out of range; use 4096 bytes or more")]
    [InlineData("""{ "DecisionLog": { "Path": "d", "Pth": 1 } }""", "Hybrid:DecisionLog:Pth: there is no such key; did you mean Path?")]
    [InlineData("""{ "DecisionLog": "d.jsonl" }""", "Hybrid:DecisionLog: 'd.jsonl' is a single value")]
    [InlineData("""{ "Policies": { "p": { "ExplorationRate": 0.21 } } }""", "Hybrid:Policies:p:ExplorationRate: 0.21 is out of range; use 0 to 0.2")]
    [InlineData("""{ "Policies": { "p": { "ExplorationRate": "NaN" } } }""", "Hybrid:Policies:p:ExplorationRate: NaN is out of range")]
    [InlineData("""{ "Policies": { "p": { "MaxExplorationDollars": -1 } } }""", "Hybrid:Policies:p:MaxExplorationDollars: -1 is out of range")]
    [InlineData("""{ "Policies": { "p": { "Learn": "maybe" } } }""", "Hybrid:Policies:p:Learn: 'maybe' is not true or false")]
    public void A_wrong_setting_is_told_with_its_key(string hybrid, string error) =>
        Assert.Contains(Read($$"""{ "Hybrid": {{hybrid}} }""").Errors, one => one.StartsWith(error, StringComparison.Ordinal));

    [Fact]
    public void Options_made_by_hand_are_checked_too()
    {
        var error = Assert.Throws<HybridException>(() => new HybridChatClient([new ScriptedTarget("a", "x")], new() { DecisionLog = new() { Path = _folder, QueueLength = 0 } }));
        Assert.Equal(HybridError.Configuration, error.Error);
        Assert.Contains("DecisionLog:Path: ", error.Message, StringComparison.Ordinal);
        Assert.Contains("DecisionLog:QueueLength: 0", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_configured_log_is_written_by_the_container_to_its_end()
    {
        var path = Path.Combine(_folder, "d.jsonl");
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Hybrid:Local:ModelPath"] = "model.gguf",
            ["Hybrid:DecisionLog:Path"] = path,
        }).Build();
        await using (var provider = new ServiceCollection().AddHybrid(configuration).AddSingleton<ILocalTargetFactory>(new ScriptedEngine()).BuildServiceProvider())
            await provider.GetRequiredService<IChatClient>().GetResponseAsync("x");
        Assert.Equal(["DecisionEntry", "OutcomeEntry"], new LogReader().Read([path]).Select(entry => entry.GetType().Name));
    }

    private static HybridOptions Read(string json)
    {
        var configuration = new ConfigurationBuilder().AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(json))).Build();
        var options = new HybridOptions();
        new HybridOptionsReader(configuration.GetSection(HybridOptions.Section)).Configure(options);
        return options;
    }
}
