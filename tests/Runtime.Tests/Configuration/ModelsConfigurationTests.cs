using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Hybrid.Configuration;
using Hybrid.Models.Prefetch;
using Hybrid.Targets;
using Microsoft.Extensions.Configuration;

namespace Hybrid.Tests.Configuration;

public sealed class ModelsConfigurationTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hybrid-models").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Every_key_is_read()
    {
        var options = Read(
            ("Models:Root", "kept"), ("Models:Quota", "20GiB"), ("Models:Mirror", "http://models.site"), ("Models:Keys:house", "keys/house.pem"), ("Models:RequireSigned", "true"),
            ("Models:Prefetch:Learn", "false"), ("Models:Prefetch:MaxLevel", "primed"), ("Models:Prefetch:Ahead", "00:05:00"), ("Models:Prefetch:MinChance", "0.5"),
            ("Models:Prefetch:BytesPerSecond", "1MiB"), ("Models:Prefetch:BytesPerDay", "2GiB"), ("Models:Prefetch:Disk", "10GiB"), ("Models:Prefetch:Link", "metered"),
            ("Models:Prefetch:Models:0:Model", "device"), ("Models:Prefetch:Models:0:Level", "fetched"), ("Models:Prefetch:Models:0:Reference", "hf:a/b:Q8_0"),
            ("Models:Prefetch:Models:0:Days:0", "monday"), ("Models:Prefetch:Models:0:Days:1", "Friday"), ("Models:Prefetch:Models:0:From", "22:00"), ("Models:Prefetch:Models:0:Until", "06:00"));
        Assert.Empty(options.Errors);
        var models = options.Models!;
        Assert.Equal((Path.Combine(AppContext.BaseDirectory, "kept"), 20L << 30, "http://models.site", true), (models.Root, models.Quota, models.Mirror, models.RequireSigned));
        Assert.Equal("keys/house.pem", models.Keys["house"]);
        var prefetch = models.Prefetch!;
        Assert.Equal((false, PrefetchLevel.Primed, TimeSpan.FromMinutes(5), 0.5, LinkCost.Metered), (prefetch.Learn, prefetch.MaxLevel, prefetch.Ahead, prefetch.MinChance, prefetch.Link));
        Assert.Equal((1L << 20, 2L << 30, 10L << 30), (prefetch.BytesPerSecond, prefetch.BytesPerDay, prefetch.Disk));
        var rule = Assert.Single(prefetch.Models);
        Assert.Equal(("device", PrefetchLevel.Fetched, "hf:a/b:Q8_0"), (rule.Model, rule.Level, rule.Reference));
        Assert.Equal([DayOfWeek.Monday, DayOfWeek.Friday], rule.Days);
        Assert.Equal((TimeSpan.FromHours(22), TimeSpan.FromHours(6)), (rule.From, rule.Until));
    }

    [Fact]
    public void What_the_page_shows_is_taken_as_it_stands()
    {
        var page = File.ReadAllText(Path.Combine(SettingsSchema.Root, "docs", "models.md")).ReplaceLineEndings("\n");
        var section = page[page.IndexOf("## Prefetch\n", StringComparison.Ordinal)..];
        var json = Regex.Match(section, "```json\n(?<json>.*?)```", RegexOptions.Singleline).Groups["json"].Value;
        Assert.Empty(SettingsSchema.Errors(JsonNode.Parse(json), SettingsSchema.Whole));
        var configuration = new ConfigurationBuilder().AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(json))).Build();
        var options = new HybridOptions();
        new HybridOptionsReader(configuration.GetSection(HybridOptions.Section)).Configure(options);
        Assert.Empty(options.Errors);
        Assert.Equal([DayOfWeek.Monday, DayOfWeek.Friday], Assert.Single(options.Models!.Prefetch!.Models).Days);
    }

    [Fact]
    public void Without_the_section_nothing_is_kept_near() => Assert.Null(Read(("Policy", "fast")).Models);

    [Theory]
    [InlineData("Models:Quota", "much", "Hybrid:Models:Quota: 'much' is not an amount of memory")]
    [InlineData("Models:Rot", "x", "Hybrid:Models:Rot: there is no such key; did you mean Root?")]
    [InlineData("Models:RequireSigned", "true", "Hybrid:Models:RequireSigned: without a publisher's key every model would be refused")]
    [InlineData("Models:Prefetch:Ahead", "02:00:00", "Hybrid:Models:Prefetch:Ahead: 02:00:00 is out of range; use 0 to 60 minutes")]
    [InlineData("Models:Prefetch:MinChance", "0", "Hybrid:Models:Prefetch:MinChance: 0 is out of range")]
    [InlineData("Models:Prefetch:Link", "slow", "Hybrid:Models:Prefetch:Link: 'slow' is not known; use auto, metered, unmetered")]
    [InlineData("Models:Prefetch:Models:0:Level", "near", "Hybrid:Models:Prefetch:Models:0:Level: 'near' is not known; use none, fetched, primed, loaded")]
    [InlineData("Models:Prefetch:Models:0:From", "8:00", "Hybrid:Models:Prefetch:Models:0:From: '8:00' is not a time of day")]
    [InlineData("Models:Prefetch:Models:0:Days:0", "someday", "Hybrid:Models:Prefetch:Models:0:Days:0: 'someday' is not known")]
    public void What_is_wrong_is_told_with_its_key(string key, string value, string message) =>
        Assert.Contains(Read((key, value)).Errors, error => error.StartsWith(message, StringComparison.Ordinal));

    [Fact]
    public void A_rule_without_a_model_and_with_half_a_time_is_refused()
    {
        var errors = Read(("Models:Prefetch:Models:0:From", "08:00")).Errors;
        Assert.Contains(errors, error => error.StartsWith("Hybrid:Models:Prefetch:Models:0:Model: it is missing", StringComparison.Ordinal));
        Assert.Contains(errors, error => error.StartsWith("Hybrid:Models:Prefetch:Models:0:Until: it is missing", StringComparison.Ordinal));
    }

    [Fact]
    public void What_a_target_does_not_state_is_taken_from_the_catalogue()
    {
        var options = Read(
            ("Pools:a:Zone", "public"), ("Pools:a:Model", "Qwen/Qwen3-32B-AWQ"), ("Pools:b:Zone", "public"), ("Pools:b:Model", "qwen3-32b"), ("Pools:b:Quality", "0.4"),
            ("Pools:c:Zone", "public"), ("Pools:c:Model", "qwen3-8b"), ("Pools:d:Zone", "public"), ("Pools:d:Model", "our-own"), ("Pools:e:Zone", "public"), ("Pools:e:Model", "qwen3-32b"), ("Pools:e:ParametersBillions", "30"));
        Assert.Equal((0.637, 32.8), Figures(options, "a")); // measured
        Assert.Equal((0.4, 0), Figures(options, "b")); // stated
        Assert.Equal((null, 8.19), Figures(options, "c")); // estimated from the size, as for any other
        Assert.Equal((null, 0), Figures(options, "d")); // not known
        Assert.Equal((null, 30), Figures(options, "e")); // stated
    }

    [Fact]
    public void An_own_catalogue_counts_and_one_that_is_wrong_is_told_at_start()
    {
        var path = Path.Combine(_folder, "own.json");
        File.WriteAllText(path, """{ "models": [ { "name": "our-own", "measuredAccuracy": 0.77 } ] }""");
        (string, string)[] settings = [("Models:Catalogue", path), ("Pools:a:Zone", "public"), ("Pools:a:Model", "our-own")];
        Assert.Equal(0.77, Figures(Read(settings), "a").Quality);
        File.WriteAllText(path, """{ "models": [ { "name": "our-own", "measuredAccuracy": 77 } ] }""");
        var error = Assert.Throws<HybridException>(() => TargetList.Check(Read(settings), []));
        Assert.Contains("Hybrid:Models:Catalogue: The catalogue '", error.Message, StringComparison.Ordinal);
        Assert.Contains("models:0:measuredAccuracy: 77 is out of range", error.Message, StringComparison.Ordinal);
    }

    private static (double? Quality, double Billions) Figures(HybridOptions options, string pool) => (options.Pools[pool].Descriptor.Quality, options.Pools[pool].Descriptor.ParametersBillions);

    /// <summary>Pools that are asked nothing have no address here, which is said and does not matter.</summary>
    private static HybridOptions Read(params (string Key, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings.Select(one => KeyValuePair.Create($"Hybrid:{one.Key}", (string?)one.Value))).Build();
        var options = new HybridOptions();
        new HybridOptionsReader(configuration.GetSection(HybridOptions.Section)).Configure(options);
        return options;
    }
}
