using System.Text.Json;

namespace Hybrid.EndToEnd;

/// <summary><c>hybrid policy</c> as a person and a script see it.</summary>
public sealed class PolicyCommandTests : IDisposable
{
    private const string Settings = """
        { "Hybrid": {
          "Policy": "night",
          "Policies": { "night": { "Base": "careful", "MaxDollarsPerRequest": 0.001 }, "careful": { "Base": "frugal", "DollarsPerSecond": 0.5 } },
          "Native": { "LlamaPath": "/nowhere/at/all" },
          "Local": { "ModelPath": "/nowhere/model.gguf" },
          "Pools": { "cloud": { "Endpoint": "http://127.0.0.1:9", "Zone": "public", "Model": "big" } } } }
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("hybrid-policy").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Validate_says_what_is_configured_and_needs_neither_a_model_nor_libraries()
    {
        var run = await HybridAsync("policy", "validate", "--config", Write(Settings));
        Assert.True(run.ExitCode == 0, run.Errors);
        Assert.Equal(
            """
            The configuration is valid.
            policy balanced, preset
            policy fast, preset
            policy frugal, preset
            policy green, preset
            policy private, preset
            policy offline, preset
            policy careful, based on frugal
            policy night, based on careful, then frugal; the default
            privacy internal, where a request states none
            target device: model model in zone device, /nowhere/model.gguf (not there)
            target cloud: model big in zone public, worker at http://127.0.0.1:9/
            """,
            run.Output.ReplaceLineEndings("\n").TrimEnd());
        Assert.Equal("", run.Errors.Trim());
    }

    [Fact]
    public async Task Validate_gives_every_error_with_its_key_path()
    {
        var run = await HybridAsync("policy", "validate", "--config", Write("""
            { "Hybrid": {
              "Policies": { "p": { "DollarsPerSecond": "NaN", "Base": "nosuch" } },
              "Pools": { "cloud": { "Endpoint": "http://127.0.0.1:9", "Zone": "mars", "Model": "big" } } } }
            """));
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("3 settings cannot be used", run.Errors, StringComparison.Ordinal);
        Assert.Contains("Hybrid:Policies:p:DollarsPerSecond: NaN is out of range", run.Errors, StringComparison.Ordinal);
        Assert.Contains("Hybrid:Policies:p:Base: there is no policy 'nosuch'", run.Errors, StringComparison.Ordinal);
        Assert.Contains("Hybrid:Pools:cloud:Zone: 'mars' is not a zone", run.Errors, StringComparison.Ordinal);
        Assert.Equal("", run.Output);
    }

    [Fact]
    public async Task Validate_checks_what_only_a_pools_type_understands()
    {
        var run = await HybridAsync("policy", "validate", "--config", Write("""
            { "Hybrid": { "Pools": { "cloud": { "Endpoint": "http://127.0.0.1:9", "Zone": "site", "Model": "big", "Settings": { "Connect": "00:00:01" } } } } }
            """));
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("Hybrid:Pools:cloud:Settings:Connect: there is no such setting", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Show_resolves_each_figure_and_says_where_it_came_from()
    {
        var run = await HybridAsync("policy", "show", "night", "--json", "--config", Write(Settings));
        Assert.True(run.ExitCode == 0, run.Errors);
        using var json = JsonDocument.Parse(run.Output);
        var night = Assert.Single(json.RootElement.GetProperty("policies").EnumerateArray());
        Assert.Equal("night", night.GetProperty("name").GetString());
        Assert.Matches("^[0-9a-f]{12}$", night.GetProperty("version").GetString());
        Assert.True(night.GetProperty("default").GetBoolean());
        Assert.Equal(["careful", "frugal"], night.GetProperty("bases").EnumerateArray().Select(name => name.GetString()!));
        Assert.Equal((0.001, "hybrid.json, Hybrid:Policies:night:MaxDollarsPerRequest"), Figure(night, "MaxDollarsPerRequest"));
        Assert.Equal((0.5, "hybrid.json, Hybrid:Policies:careful:DollarsPerSecond"), Figure(night, "DollarsPerSecond"));
        Assert.Equal((190.0, "preset frugal"), Figure(night, "DollarsPerTonCarbon"));
        Assert.Contains("  MaxDollarsPerRequest     0.001          hybrid.json, Hybrid:Policies:night:MaxDollarsPerRequest", run.Errors, StringComparison.Ordinal);

        static (double Value, string? From) Figure(JsonElement policy, string key)
        {
            var figure = policy.GetProperty("figures").GetProperty(key);
            return (figure.GetProperty("value").GetDouble(), figure.GetProperty("from").GetString());
        }
    }

    [Fact]
    public async Task Show_shows_all_and_knows_no_other()
    {
        var all = await HybridAsync("policy", "show", "--config", Write(Settings));
        Assert.Equal(0, all.ExitCode);
        Assert.All(new[] { "balanced, version ", "offline, version ", "careful, version ", "night, version " }, start => Assert.Contains("\n" + start, "\n" + all.Output, StringComparison.Ordinal));

        var none = await HybridAsync("policy", "show", "nosuch", "--config", Write(Settings));
        Assert.Equal(2, none.ExitCode);
        Assert.Contains("There is no policy 'nosuch'; there are balanced, ", none.Errors, StringComparison.Ordinal);
    }

    private static Task<ChildProcess.Ended> HybridAsync(params string[] arguments) => ChildProcess.RunAsync("src/Cli", "hybrid", arguments);

    private string Write(string json)
    {
        var path = Path.Combine(_folder, "hybrid.json");
        File.WriteAllText(path, json);
        return path;
    }
}
