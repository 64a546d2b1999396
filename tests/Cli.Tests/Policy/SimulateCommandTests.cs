using System.Text.Json;
using Hybrid.EndToEnd;

namespace Hybrid.Cli.Tests.Policy;

/// <summary><c>hybrid policy simulate</c> as a script sees it.</summary>
public sealed class SimulateCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hybrid-simulate").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_same_command_prints_the_same_tables_twice()
    {
        var one = await SimulateAsync("--hours", "2", "--seed", "3");
        var again = await SimulateAsync("--hours", "2", "--seed", "3");
        Assert.True(one.ExitCode == 0, one.Errors);
        Assert.Equal(one.Output, again.Output);
        Assert.Contains("bursty:", one.Output, StringComparison.Ordinal);
        Assert.Contains("| hybrid |", one.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_configurations_targets_and_policies_are_simulated_and_never_contacted()
    {
        var config = Path.Combine(_folder, "hybrid.json");
        await File.WriteAllTextAsync(config, """
            { "Hybrid": {
              "Local": { "ModelPath": "no-such.gguf", "DecodeTokensPerSecond": 20, "ContextLength": 8192 },
              "Pools": { "far": { "Endpoint": "http://127.0.0.1:9", "Zone": "public", "Model": "big", "ColdStart": "00:00:30" } },
              "Policies": { "mine": { "Base": "fast" } } } }
            """);
        var run = await SimulateAsync("--config", config, "--policy", "mine", "--hours", "1", "--trace", "chat", "--json");
        Assert.True(run.ExitCode == 0, run.Errors);
        using var report = JsonDocument.Parse(run.Output);
        Assert.Equal("mine", report.RootElement.GetProperty("policy").GetString());
        var trace = Assert.Single(report.RootElement.GetProperty("traces").EnumerateArray());
        Assert.Equal("chat", trace.GetProperty("trace").GetString());
        var hybrid = trace.GetProperty("rows").EnumerateArray().Single(row => row.GetProperty("policy").GetString() == "hybrid");
        Assert.Equal(0, hybrid.GetProperty("violations").GetInt32());
    }

    [Theory]
    [InlineData("there is no trace 'nosuch'", "--trace", "nosuch")]
    [InlineData("--hours: 0 is out of range", "--hours", "0")]
    [InlineData("--hours: NaN is out of range", "--hours", "NaN")]
    [InlineData("--runs: 0 is out of range", "--runs", "0")]
    [InlineData("there is no policy 'nosuch'", "--policy", "nosuch")]
    [InlineData("does not exist", "--config", "nosuch.json")]
    [InlineData("--bogus", "--bogus")]
    public async Task Bad_input_is_one_clear_message(string message, params string[] arguments)
    {
        var run = await SimulateAsync(arguments);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(message, run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Errors, StringComparison.Ordinal);
        Assert.Equal("", run.Output);
    }

    private static Task<ChildProcess.Ended> SimulateAsync(params string[] arguments) =>
        ChildProcess.RunAsync("src/Cli", "hybrid", ["policy", "simulate", .. arguments]);
}
