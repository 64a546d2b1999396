using System.Text;
using Hybrid.Configuration;
using Hybrid.Policy;
using Hybrid.Targets;
using Microsoft.Extensions.Configuration;

namespace Hybrid.Tests.Configuration;

public class HybridOptionsTests
{
    [Fact]
    public void Several_models_on_this_device_share_a_memory_budget()
    {
        var options = Read("""
            { "Hybrid": { "Local": { "ModelPath": "a.gguf", "MemoryBudget": "1.5GiB", "KeepAlive": "00:05:00", "LongestPause": 0.05,
                "Models": { "large": { "ModelPath": "b.gguf", "KeepAlive": 0, "Threads": 2, "Quality": 0.7 }, "plain": { "ModelPath": "c.gguf" } } } } }
            """);
        Assert.Empty(options.Errors);
        Assert.Equal((3L << 29, TimeSpan.FromMinutes(5), "device"), (options.MemoryBudget, options.Local!.KeepAlive, options.Local.Descriptor.Name));
        Assert.Equal(TimeSpan.FromMilliseconds(50), options.Local.LongestPause);
        Assert.Equal(["large", "plain"], options.LocalModels.Keys.Order());
        var large = options.LocalModels["large"];
        Assert.Equal(("large", "b", 0.7, Zone.Device), (large.Descriptor.Name, large.Descriptor.Model, large.Descriptor.Quality, large.Descriptor.Zone));
        Assert.Equal((TimeSpan.Zero, 2, null), (large.KeepAlive, large.Threads, options.LocalModels["plain"].KeepAlive));
        Assert.Equal(Path.Combine(AppContext.BaseDirectory, "b.gguf"), large.ModelPath);
    }

    [Fact]
    public void Named_models_may_stand_alone()
    {
        var options = Read("""{ "Hybrid": { "Local": { "MemoryBudget": 1000, "Models": { "small": { "ModelPath": "a.gguf" } } } } }""");
        Assert.Empty(options.Errors);
        Assert.Null(options.Local);
        Assert.Equal((1000L, "small"), (options.MemoryBudget, Assert.Single(options.LocalModels.Values).Descriptor.Name));
    }

    [Theory]
    [InlineData("""{ "ModelPath": "a", "MemoryBudget": "much" }""", "Hybrid:Local:MemoryBudget: 'much' is not an amount of memory; write 2GiB or 512MiB")]
    [InlineData("""{ "ModelPath": "a", "MemoryBudget": "0" }""", "Hybrid:Local:MemoryBudget: '0' is not an amount of memory; write 2GiB or 512MiB")]
    [InlineData("""{ "ModelPath": "a", "KeepAlive": -1 }""", "Hybrid:Local:KeepAlive: -00:00:01 is out of range; use 0 or more")]
    [InlineData("""{ "ModelPath": "a", "LongestPause": 61 }""", "Hybrid:Local:LongestPause: 00:01:01 is out of range; use 0 to 60 s")]
    [InlineData("""{ "Models": { "b": { "Threads": 1 } } }""", "Hybrid:Local:Models:b:ModelPath: it is missing; give the path of a GGUF file")]
    [InlineData("""{ "Threads": 1, "Models": { "b": { "ModelPath": "b" } } }""", "Hybrid:Local:Threads: there is no such key; there are MeasurePower, MemoryBudget, ModelPath, Models")]
    [InlineData("""{ "Models": { "b": { "ModelPath": "b", "MemoryBudget": "1GiB" } } }""", "Hybrid:Local:Models:b:MemoryBudget: there is no such key")]
    [InlineData("""{ "ModelPath": "a", "Models": { "device": { "ModelPath": "b" } } }""", "Hybrid:Local:Models:device: 'device' is also the name of another target; choose another")]
    public void A_wrong_local_model_is_told_with_its_key(string local, string error) =>
        Assert.Contains(Read($$"""{ "Hybrid": { "Local": {{local}} } }""").Errors, one => one.StartsWith(error, StringComparison.Ordinal));

    [Fact]
    public void Every_key_is_read()
    {
        var options = Read("""
            { "Hybrid": {
              "Policy": "Mine", "Privacy": "confidential",
              "Native": { "LlamaPath": "/opt/llama" },
              "Policies": {
                "mine": { "Base": "careful", "DollarsPerSecond": 0.5, "MaxTimeToFirstToken": 2.5, "MaxTimePerToken": "00:00:00.05", "MinBattery": 0.2, "ExpectedOutputTokens": 64, "AllowedTargets": [ "edge", "cloud" ] },
                "careful": { "Base": "green", "MaxDollarsPerRequest": 0.01, "MaxGramsPerRequest": 2, "AllowedZones": [ "device", "region:eu" ], "Purpose": "mind the bill", "Offline": true },
                "fast": { "Base": "fast", "DollarsPerSecond": 1 }
              },
              "Local": { "ModelPath": "models/tiny-q8.gguf", "Name": "edge", "ContextLength": 2048, "Threads": 3, "Slots": 2, "Poll": 0, "GpuLayers": 99, "ActiveWatts": 12, "ParametersBillions": 0.5 },
              "Pools": {
                "cloud": { "Endpoint": "http://pool:8080", "ApiKey": "k", "Zone": "region:eu", "Model": "large", "DollarsPerMillionInputTokens": 0.5,
                  "DollarsPerMillionOutputTokens": 1.5, "DollarsPerHour": 2, "ActiveWatts": 100, "PowerUsageEffectiveness": 1.1, "GramsPerKilowattHour": 300,
                  "RoundTrip": "00:00:00.05", "ColdStart": 20, "PrefillTokensPerSecond": 4000, "DecodeTokensPerSecond": 80, "Quality": 0.7,
                  "ContextLength": 32768, "Tools": true, "Json": true, "Settings": { "Http": { "Version": "2" } } }
              } } }
            """);
        Assert.Empty(options.Errors);
        Assert.Equal(("Mine", PrivacyClass.Confidential), (options.Policy, options.Privacy));

        var mine = options.Policies["mine"];
        Assert.Equal(("mine", 0.5, 0.01, 2.0, 64), (mine.Name, mine.DollarsPerSecond, mine.MaxDollarsPerRequest, mine.MaxGramsPerRequest, mine.ExpectedOutputTokens));
        Assert.Equal(0.2, mine.MinBattery);
        Assert.Equal(("mind the bill", true, TimeSpan.FromSeconds(2.5), TimeSpan.FromSeconds(0.05)), (mine.Purpose, mine.Offline, mine.MaxTimeToFirstToken, mine.MaxTimePerToken));
        Assert.Equal(PolicyPresets.Green.DollarsPerTonCarbon, mine.DollarsPerTonCarbon);
        Assert.Equal([Zone.Device, Zone.Region("eu")], mine.AllowedZones);
        Assert.Equal(["edge", "cloud"], mine.AllowedTargets);
        Assert.Equal(PolicyPresets.Fast with { DollarsPerSecond = 1 }, options.Policies["fast"]);

        var local = options.Local!;
        Assert.Equal(Path.Combine(AppContext.BaseDirectory, "models", "tiny-q8.gguf"), local.ModelPath);
        Assert.Equal((2048, 3, 2, 0, 99, "/opt/llama"), (local.ContextLength, local.Threads, local.Slots, local.Poll, local.GpuLayers, local.LlamaPath));
        Assert.Equal(("edge", "tiny-q8", Zone.Device, 12.0, 2048), (local.Descriptor.Name, local.Descriptor.Model, local.Descriptor.Zone, local.Descriptor.ActiveWatts, local.Descriptor.ContextLength));

        var pool = options.Pools["cloud"];
        Assert.Equal(("worker", new Uri("http://pool:8080"), "k"), (pool.Type, pool.Endpoint, pool.ApiKey));
        Assert.Equal("2", pool.Settings["Http:Version"]);
        Assert.Equal(
            new TargetDescriptor
            {
                Name = "cloud",
                Model = "large",
                Zone = Zone.Region("eu"),
                ContextLength = 32768,
                Quality = 0.7,
                DollarsPerMillionInputTokens = 0.5,
                DollarsPerMillionOutputTokens = 1.5,
                DollarsPerHour = 2,
                ActiveWatts = 100,
                PowerUsageEffectiveness = 1.1,
                GramsPerKilowattHour = 300,
                RoundTrip = TimeSpan.FromMilliseconds(50),
                ColdStart = TimeSpan.FromSeconds(20),
                PrefillTokensPerSecond = 4000,
                DecodeTokensPerSecond = 80,
                Capabilities = TargetCapabilities.Chat | TargetCapabilities.Continuation | TargetCapabilities.Tools | TargetCapabilities.Json,
            },
            pool.Descriptor);
        Assert.DoesNotContain("k", pool.ToString().Split(',')[1].Replace("worker", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "Polcy": "fast" }""", "Hybrid:Polcy: there is no such key; did you mean Policy?")]
    [InlineData("""{ "Zebra": 1 }""", "Hybrid:Zebra: there is no such key; there are Budgets, DecisionLog, Fleet, Grid, Inference, Local, Models, Native, Policies, Policy, PoolBoardPath, Pools, Privacy, Serve, Waiting")]
    [InlineData("""{ "Policy": "cheap" }""", "Hybrid:Policy: there is no policy 'cheap'; there are balanced, fast, frugal, green, private, offline")]
    [InlineData("""{ "Privacy": "top" }""", "Hybrid:Privacy: 'top' is not known; use public, internal, confidential, secret")]
    [InlineData("""{ "Privacy": "1" }""", "Hybrid:Privacy: '1' is not known")]
    [InlineData("""{ "Policies": { "p": { "Base": "q" } } }""", "Hybrid:Policies:p:Base: there is no policy 'q'")]
    [InlineData("""{ "Policies": { "p": { "Base": "q" }, "q": { "Base": "r" }, "r": { "Base": "p" } } }""", "Hybrid:Policies:r:Base: the policies form a circle: p -> q -> r -> p")]
    [InlineData("""{ "Policies": { "p": { "Base": "p" } } }""", "Hybrid:Policies:p:Base: the policies form a circle: p -> p")]
    [InlineData("""{ "Policies": { "p": { "DollarsPerSecond": "NaN" } } }""", "Hybrid:Policies:p:DollarsPerSecond: NaN is out of range")]
    [InlineData("""{ "Policies": { "p": { "DollarsPerTonCarbon": -1 } } }""", "Hybrid:Policies:p:DollarsPerTonCarbon: -1 is out of range")]
    [InlineData("""{ "Policies": { "p": { "DollarsPerQualityPoint": "Infinity" } } }""", "Hybrid:Policies:p:DollarsPerQualityPoint: Infinity is out of range")]
    [InlineData("""{ "Policies": { "p": { "MaxDollarsPerRequest": 0 } } }""", "Hybrid:Policies:p:MaxDollarsPerRequest: 0 is out of range")]
    [InlineData("""{ "Policies": { "p": { "ExpectedOutputTokens": 0 } } }""", "Hybrid:Policies:p:ExpectedOutputTokens: 0 is out of range")]
    [InlineData("""{ "Policies": { "p": { "Offline": "maybe" } } }""", "Hybrid:Policies:p:Offline: 'maybe' is not true or false")]
    [InlineData("""{ "Policies": { "p": { "MaxTimeToFirstToken": "soon" } } }""", "Hybrid:Policies:p:MaxTimeToFirstToken: 'soon' is not a time")]
    [InlineData("""{ "Policies": { "p": { "MaxTimePerToken": 0 } } }""", "Hybrid:Policies:p:MaxTimePerToken: 0 is out of range")]
    [InlineData("""{ "Policies": { "p": { "MaxTimePerToken": "-00:00:01" } } }""", "Hybrid:Policies:p:MaxTimePerToken: -1 is out of range")]
    [InlineData("""{ "Policies": { "p": { "MinBattery": 20 } } }""", "Hybrid:Policies:p:MinBattery: 20 is out of range; use 0 to 1")]
    [InlineData("""{ "Policies": { "p": { "AllowedZones": [ "mars" ] } } }""", "Hybrid:Policies:p:AllowedZones:0: 'mars' is not a zone")]
    [InlineData("""{ "Policies": { "p": { "AllowedZones": "device" } } }""", "Hybrid:Policies:p:AllowedZones: 'device' is a single value; write a list")]
    [InlineData("""{ "Policies": { "p": { "AllowedTargets": [ "moon" ] } } }""", "Hybrid:Policies:p:AllowedTargets: there is no target 'moon'")]
    [InlineData("""{ "Policies": { "p": { "DolarsPerSecond": 1 } } }""", "Hybrid:Policies:p:DolarsPerSecond: there is no such key; did you mean DollarsPerSecond?")]
    [InlineData("""{ "Native": { "Path": "x" } }""", "Hybrid:Native:Path: there is no such key; there are LlamaPath")]
    [InlineData("""{ "Local": { "Threads": 2 } }""", "Hybrid:Local:ModelPath: it is missing")]
    [InlineData("""{ "Local": "x.gguf" }""", "Hybrid:Local: 'x.gguf' is a single value; a section is expected")]
    [InlineData("""{ "Pools": "http://x" }""", "Hybrid:Pools: 'http://x' is a single value; a section is expected")]
    [InlineData("""{ "Local": { "ModelPath": "m", "Threads": "two" } }""", "Hybrid:Local:Threads: 'two' is not a whole number")]
    [InlineData("""{ "Pools": { "p": { "Endpoint": "http://p", "Zone": "site", "Model": "m", "Grammar": "some" } } }""", "Hybrid:Pools:p:Grammar: 'some' is not true or false")]
    [InlineData("""{ "Local": { "ModelPath": "m", "Tools": "some" } }""", "Hybrid:Local:Tools: 'some' is not true or false")]
    [InlineData("""{ "Local": { "ModelPath": "m", "Slots": 0 } }""", "Hybrid:Local:Slots: 0 is out of range; use 1 or more")]
    [InlineData("""{ "Local": { "ModelPath": "m", "Poll": 101 } }""", "Hybrid:Local:Poll: 101 is out of range; use 0 to 100")]
    [InlineData("""{ "Local": { "ModelPath": "m", "Zone": "public" } }""", "Hybrid:Local:Zone: there is no such key")]
    [InlineData("""{ "Local": { "ModelPath": "m", "Name": "c" }, "Pools": { "c": { "Endpoint": "http://x", "Zone": "site", "Model": "m" } } }""", "Hybrid:Local:Name: 'c' is also the name of a pool")]
    [InlineData("""{ "Pools": { "cloud": { "Zone": "mars", "Endpoint": "http://x", "Model": "m" } } }""", "Hybrid:Pools:cloud:Zone: 'mars' is not a zone; use device, site, region:NAME or public")]
    [InlineData("""{ "Pools": { "cloud": { "Endpoint": "http://x", "Model": "m" } } }""", "Hybrid:Pools:cloud:Zone: it is missing")]
    [InlineData("""{ "Pools": { "cloud": { "Zone": "site", "Endpoint": "nowhere", "Model": "m" } } }""", "Hybrid:Pools:cloud:Endpoint: 'nowhere' is not an absolute address")]
    [InlineData("""{ "Pools": { "cloud": { "Zone": "site", "Model": "m" } } }""", "Hybrid:Pools:cloud:Endpoint: it is missing")]
    [InlineData("""{ "Pools": { "cloud": { "Zone": "site", "Endpoint": "http://x" } } }""", "Hybrid:Pools:cloud:Model: it is missing")]
    [InlineData("""{ "Pools": { "cloud": { "Zone": "site", "Endpoint": "http://x", "Model": "m", "PowerUsageEffectiveness": 0.5 } } }""", "Hybrid:Pools:cloud:PowerUsageEffectiveness: 0.5 is out of range")]
    [InlineData("""{ "Pools": { "cloud": { "Zone": "site", "Endpoint": "http://x", "Model": "m", "Quality": 62 } } }""", "Hybrid:Pools:cloud:Quality: 62 is out of range; use 0 to 1")]
    [InlineData("""{ "Pools": { "cloud": { "Zone": "site", "Endpoint": "http://x", "Model": "m", "DecodeTokensPerSecond": 0 } } }""", "Hybrid:Pools:cloud:DecodeTokensPerSecond: 0 is out of range")]
    [InlineData("""{ "Pools": { "cloud": { "Zone": "site", "Endpoint": "http://x", "Model": "m", "RoundTrip": -1 } } }""", "Hybrid:Pools:cloud:RoundTrip: -1 is out of range")]
    public void A_wrong_key_is_named_with_its_whole_path(string section, string error) =>
        Assert.StartsWith(error, Assert.Single(Read($$"""{ "Hybrid": {{section}} }""").Errors), StringComparison.Ordinal);

    [Fact]
    public void All_errors_are_given_at_once()
    {
        var errors = Read("""{ "Hybrid": { "Polcy": 1, "Privacy": "x", "Pools": { "a": { "Zone": "mars", "Prise": 1 } } } }""").Errors;
        Assert.Equal(
            ["Hybrid:Privacy", "Hybrid:Pools:a:Zone", "Hybrid:Pools:a:Model", "Hybrid:Pools:a:Endpoint", "Hybrid:Pools:a:Prise", "Hybrid:Polcy"],
            errors.Select(error => error[..error.IndexOf(": ", StringComparison.Ordinal)]));
    }

    [Fact]
    public void A_missing_section_gives_the_defaults()
    {
        var options = Read("{}");
        Assert.Empty(options.Errors);
        Assert.Equal(("balanced", PrivacyClass.Internal), (options.Policy, options.Privacy));
        Assert.Null(options.Local);
        Assert.Empty(options.Pools);
    }

    private static HybridOptions Read(string json)
    {
        var configuration = new ConfigurationBuilder().AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(json))).Build();
        var options = new HybridOptions();
        new HybridOptionsReader(configuration.GetSection(HybridOptions.Section)).Configure(options);
        return options;
    }
}
