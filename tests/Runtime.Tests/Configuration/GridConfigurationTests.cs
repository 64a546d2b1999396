using Hybrid.Accounting;
using Hybrid.Configuration;
using Hybrid.Policy;
using Hybrid.Targets;
using Hybrid.Tests.Accounting.Carbon;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.Tests.Configuration;

public class GridConfigurationTests
{
    [Fact]
    public void A_static_table_reaches_the_decision()
    {
        var decision = Decide(("Grid:Static:DE", "380"), ("Local:GridZone", "DE"), ("Local:ActiveWatts", "10"));
        Assert.Equal(new GridIntensity(380, IntensityKind.Average, "the configured table", IntensityProvenance.Static), decision.Targets[0].Grid);
        Assert.Contains("at 380 g/kWh (average, static: the configured table)", decision.Explain(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_zone_without_any_source_counts_as_stated_and_says_so()
    {
        var grid = Decide(("Local:GridZone", "DE"), ("Local:GramsPerKilowattHour", "99")).Targets[0].Grid!;
        Assert.Equal((99, IntensityProvenance.Default, "no grid source is configured"), (grid.GramsPerKilowattHour, grid.Provenance, grid.Source));
    }

    [Fact]
    public async Task A_provider_that_answers_garbage_shows_in_the_explanation()
    {
        await using var server = new GridServer { Answer = _ => (200, "<html>") };
        await using var provider = Services([("Grid:Type", "uk"), ("Grid:Endpoint", server.Address.ToString()), ("Local:GridZone", "GB")]);
        var client = provider.GetRequiredService<HybridChatClient>();
        await provider.GetRequiredService<IGridIntensitySource>().ReadyAsync("GB");
        Assert.Contains(
            "445 g/kWh (average, default: UK Carbon Intensity API: its answer is not the expected JSON)",
            client.Decide([new(ChatRole.User, "x")]).Explain(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_schedule_changes_the_price()
    {
        (string, string)[] night =
        [
            ("Local:DollarsPerMillionOutputTokens", "1000"), ("Local:Schedule:TimeZone", "Europe/Berlin"),
            ("Local:Schedule:Bands:0:From", "00:00"), ("Local:Schedule:Bands:0:Until", "06:00"), ("Local:Schedule:Bands:0:Factor", "0.25"),
        ];
        Assert.Equal(0.128 / 4, Decide(night).Targets[0].PriceDollars, 9); // 01:00 in Berlin
        Assert.Equal(0.128, Decide(night[0]).Targets[0].PriceDollars, 9);
    }

    [Theory]
    [InlineData("Grid:Static:DE: -1 is out of range; use 0 to 5000", "Grid:Static:DE", "-1")]
    [InlineData("Grid:Static:DE: NaN is out of range", "Grid:Static:DE", "NaN")]
    [InlineData("Grid:Static:DE: 'dirty' is not a number", "Grid:Static:DE", "dirty")]
    [InlineData("Grid:Type: there is no grid source 'wattage'; use static, file, electricity-maps, uk", "Grid:Type", "wattage")]
    [InlineData("Grid:Static: it is missing", "Grid:Type", "static")]
    [InlineData("Grid:Path: it is missing", "Grid:Type", "file")]
    [InlineData("Grid:ApiKey: it is missing", "Grid:Type", "electricity-maps")]
    [InlineData("Grid:ApiKey: it holds a blank", "Grid:Type", "electricity-maps", "Grid:ApiKey", "a\nb")]
    [InlineData("Grid:Kind: it has no meaning with type 'uk', only with static and file", "Grid:Type", "uk", "Grid:Kind", "marginal")]
    [InlineData("Grid:Endpoint: 'ftp' is not http or https", "Grid:Type", "uk", "Grid:Endpoint", "ftp://x")]
    [InlineData("Grid:Endpoint: it has no meaning with type 'file'", "Grid:Type", "file", "Grid:Path", "x", "Grid:Endpoint", "http://x")]
    [InlineData("Grid:Kind: 'median' is not known; use average, marginal", "Grid:Static:DE", "1", "Grid:Kind", "median")]
    [InlineData("Grid:Zone: there is no such key", "Grid:Static:DE", "1", "Grid:Zone", "DE")]
    [InlineData("Local:GridZone: zone 'FR' is not in Grid:Static; there are DE", "Grid:Static:DE", "1", "Local:GridZone", "FR")]
    [InlineData("Local:GridZone: 'DE' is not a zone of type 'uk'", "Grid:Type", "uk", "Local:GridZone", "DE")]
    [InlineData("Local:Schedule:TimeZone: this machine knows no time zone 'Mars/Olympus'", "Local:Schedule:TimeZone", "Mars/Olympus")]
    [InlineData("Local:Schedule:TimeZone: it is missing", "Local:Schedule:Bands:0:From", "00:00")]
    [InlineData("Local:Schedule:Bands: it is missing", "Local:Schedule:TimeZone", "UTC")]
    [InlineData("Local:Schedule:Bands:0:From: '25:00' is not a time of day", "Local:Schedule:TimeZone", "UTC", "Local:Schedule:Bands:0:From", "25:00")]
    [InlineData("Local:Schedule:Bands:0:Factor: it is missing", "Local:Schedule:TimeZone", "UTC", "Local:Schedule:Bands:0:From", "22:00")]
    [InlineData("Local:MeasurePower: 'often' is not true or false", "Local:MeasurePower", "often")]
    public void What_cannot_be_used_is_named_with_its_key_path(string expected, params string[] pairs)
    {
        var error = Assert.Throws<HybridException>(() => Decide([.. pairs.Chunk(2).Select(pair => (pair[0], pair[1]))]));
        Assert.Equal(HybridError.Configuration, error.Error);
        Assert.Contains("Hybrid:" + expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bands_that_overlap_are_named()
    {
        (string, string)[] bands =
        [
            ("Local:Schedule:TimeZone", "UTC"),
            ("Local:Schedule:Bands:0:From", "22:00"), ("Local:Schedule:Bands:0:Until", "06:00"), ("Local:Schedule:Bands:0:Factor", "1"),
            ("Local:Schedule:Bands:1:From", "05:00"), ("Local:Schedule:Bands:1:Until", "07:00"), ("Local:Schedule:Bands:1:Factor", "-2"),
        ];
        var message = Assert.Throws<HybridException>(() => Decide(bands)).Message;
        Assert.Contains("Hybrid:Local:Schedule:Bands:1: it overlaps band 0", message, StringComparison.Ordinal);
        Assert.Contains("Hybrid:Local:Schedule:Bands:1: the factor -2 is out of range", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_is_never_written_out()
    {
        var options = new GridOptions { Type = GridOptions.ElectricityMapsType, ApiKey = "key-7", Endpoint = new("http://x") };
        Assert.Equal("electricity-maps (http://x/)", options.ToString());
    }

    [Theory]
    [InlineData(GridOptions.FileType)]
    [InlineData(GridOptions.UkType)]
    [InlineData(GridOptions.ElectricityMapsType)]
    public void Each_type_makes_a_source_that_asks_in_the_background(string type)
    {
        var options = new GridOptions { Type = type, Path = "/nowhere/grid.json", ApiKey = "key-7" };
        using var made = Assert.IsType<CachedGrid>(GridReader.Make(options, new ManualTimeProvider(), NullLogger.Instance));
    }

    private static Decision Decide(params (string Key, string Value)[] settings)
    {
        using var provider = Services(settings);
        return provider.GetRequiredService<HybridChatClient>().Decide([new(ChatRole.User, "x")]);
    }

    private static ServiceProvider Services((string Key, string Value)[] settings)
    {
        var root = new ConfigurationBuilder().AddInMemoryCollection([
            new("Hybrid:Local:ModelPath", "model.gguf"),
            .. settings.Select(pair => new KeyValuePair<string, string?>("Hybrid:" + pair.Key, pair.Value)),
        ]).Build();
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(new ManualTimeProvider());
        services.AddHybrid(root);
        services.AddSingleton<ILocalTargetFactory, ScriptedEngine>();
        return services.BuildServiceProvider();
    }
}
