using System.Text.Json;

namespace Hybrid.EndToEnd;

/// <summary><c>hybrid</c> as a script sees it: exit codes, JSON on standard output, words on standard error.</summary>
public sealed class CommandLineTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hybrid-cli").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Run_answers_with_one_json_object()
    {
        var run = await HybridAsync("run", "--json", "--temperature", "0", "convert 7 bar to kPa");
        Assert.Equal(0, run.ExitCode);
        Assert.DoesNotContain("warn:", run.Errors, StringComparison.Ordinal); // what is well gives none
        using var answer = JsonDocument.Parse(run.Output);
        Assert.Equal("7 bar is 700 kPa.", answer.RootElement.GetProperty("text").GetString());
        Assert.Equal("stop", answer.RootElement.GetProperty("finishReason").GetString());
        Assert.Equal("device", answer.RootElement.GetProperty("segments")[0].GetProperty("target").GetString());
    }

    [Fact]
    public async Task An_answer_keeps_the_schema_or_the_grammar_of_a_file()
    {
        var schema = Write("""{"type":"object","properties":{"kilopascal":{"type":"integer","minimum":0,"maximum":9999}},"required":["kilopascal"]}""");
        var run = await HybridAsync("run", "--temperature", "0", "--json-schema", schema, "convert 7 bar to kPa");
        Assert.True(run.ExitCode == 0, run.Errors);
        using var answer = JsonDocument.Parse(run.Output);
        Assert.InRange(answer.RootElement.GetProperty("kilopascal").GetInt32(), 0, 9999);

        var grammar = Path.Combine(_folder, "lines.gbnf");
        await File.WriteAllTextAsync(grammar, "root ::= [0-9]{3} \" kPa\"");
        var lines = await HybridAsync("run", "--temperature", "0", "--grammar", grammar, "convert 7 bar to kPa");
        Assert.Matches("^[0-9]{3} kPa\\s*$", lines.Output);
    }

    [Fact]
    public async Task Route_explains_every_target_and_sends_nothing()
    {
        var config = Write("""{ "Hybrid": { "Pools": { "cloud": { "Endpoint": "http://127.0.0.1:9", "Zone": "public", "Model": "big" } } } }""");
        var run = await HybridAsync("route", "--json", "--config", config, "--privacy", "secret", "hello");
        Assert.Equal(0, run.ExitCode);
        using var decision = JsonDocument.Parse(run.Output);
        Assert.Equal("device", decision.RootElement.GetProperty("chosen").GetString());
        Assert.Contains("cloud", run.Errors, StringComparison.Ordinal);
        Assert.Contains("secret", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Limits_on_time_per_request_choose_among_targets()
    {
        var kept = await HybridAsync("route", "--json", "--max-ttft", "1h", "--max-tpot", "10s", "hello");
        Assert.Equal(0, kept.ExitCode);
        using var decision = JsonDocument.Parse(kept.Output);
        var profile = decision.RootElement.GetProperty("profile");
        Assert.Equal((3600, 10), (profile.GetProperty("maxTimeToFirstTokenSeconds").GetDouble(), profile.GetProperty("maxTimePerTokenSeconds").GetDouble()));

        var first = await HybridAsync("run", "--max-ttft", "0.001ms", "hello"); // no target claims less than 0.01 ms
        Assert.Equal(3, first.ExitCode);
        Assert.Contains("is later than the request's 0.000001 s", first.Errors, StringComparison.Ordinal);
        var each = await HybridAsync("run", "--max-tpot", "0.001ms", "hello");
        Assert.Equal(3, each.ExitCode);
        Assert.Contains("per token is longer than the request's 0.000001 s", each.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_target_allowed_is_exit_code_3()
    {
        var config = Write("""{ "Hybrid": { "Policies": { "cloud-only": { "AllowedZones": ["public"] } } } }""");
        var run = await HybridAsync("run", "--config", config, "--policy", "cloud-only", "hello");
        Assert.Equal(3, run.ExitCode);
        Assert.Contains("Nothing was sent", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_log_of_real_answers_is_replayed_under_another_policy()
    {
        var log = Path.Combine(_folder, "logs", "decisions.jsonl");
        var config = Write($$"""
            { "Hybrid": {
                "DecisionLog": { "Path": {{JsonSerializer.Serialize(log)}} },
                "Policies": { "nobody": { "AllowedTargets": ["cloud"] } },
                "Pools": { "cloud": { "Endpoint": "http://127.0.0.1:9", "Zone": "public", "Model": "big" } } } }
            """);
        foreach (var prompt in new[] { "convert 7 bar to kPa", "convert 8 bar to kPa", "convert 9 bar to kPa" })
        {
            var run = await HybridAsync("run", "--config", config, "--temperature", "0", prompt);
            Assert.True(run.ExitCode == 0, run.Errors);
        }

        Assert.DoesNotContain("bar to kPa", await File.ReadAllTextAsync(log), StringComparison.Ordinal);
        await File.AppendAllTextAsync(log, "{ damaged\n");
        var same = await HybridAsync("policy", "replay", log, "--name", "balanced", "--json");
        Assert.True(same.ExitCode == 0, same.Errors);
        using var unchanged = JsonDocument.Parse(same.Output);
        Assert.Equal(3, unchanged.RootElement.GetProperty("decisions").GetInt32());
        Assert.Equal(3, unchanged.RootElement.GetProperty("complete").GetInt32());
        Assert.Equal(0, unchanged.RootElement.GetProperty("moved").GetInt32());
        Assert.Equal(0, unchanged.RootElement.GetProperty("notReproduced").GetInt32());
        Assert.Equal(1, unchanged.RootElement.GetProperty("damagedLines").GetInt32());

        var other = await HybridAsync("policy", "replay", log, "--policy", config, "--name", "nobody");
        Assert.Equal(0, other.ExitCode);
        Assert.Contains("3 newly without a target", other.Output, StringComparison.Ordinal); // the prompts are internal, the pool is public
        Assert.Contains("leaks: 0", other.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_finds_the_libraries_and_the_model()
    {
        var run = await HybridAsync("doctor", "--json");
        Assert.True(run.ExitCode == 0, run.Errors);
        using var report = JsonDocument.Parse(run.Output);
        var names = report.RootElement.GetProperty("findings").EnumerateArray().Select(finding => finding.GetProperty("name").GetString()).ToList();
        Assert.Contains("llama.cpp", names);
        Assert.Contains("target device", names);
    }

    [Theory]
    [InlineData(2, "no policy 'nosuch'", "run", "--policy", "nosuch", "hello")]
    [InlineData(2, "Temperature is -1", "run", "--temperature=-1", "hello")]
    [InlineData(2, "MaxOutputTokens", "run", "--max-tokens", "0", "hello")]
    [InlineData(2, "'soon' is not a duration", "run", "--deadline", "soon", "hello")]
    [InlineData(2, "--max-ttft: 'soon' is not a duration", "run", "--max-ttft", "soon", "hello")]
    [InlineData(2, "--max-ttft: '0s' is not a duration above zero", "run", "--max-ttft", "0s", "hello")]
    [InlineData(2, "--max-tpot: '-1s' is not a duration above zero", "route", "--max-tpot=-1s", "hello")]
    [InlineData(2, "no target 'nosuch'", "run", "--target", "nosuch", "hello")]
    [InlineData(2, "does not exist", "run", "--config", "nosuch.json", "hello")]
    [InlineData(2, "--bogus", "run", "--bogus", "hello")]
    [InlineData(2, "--grammar: 'nosuch.gbnf' cannot be read", "run", "--grammar", "nosuch.gbnf", "hello")]
    [InlineData(2, "The prompt is empty", "run", "  ")]
    [InlineData(2, "The log cannot be read", "policy", "replay", "nosuch.jsonl", "--name", "fast")]
    [InlineData(2, "--policy: ", "policy", "replay", "nosuch.jsonl", "--policy", "nosuch.json")]
    [InlineData(2, "Which policy? Name one with --name", "policy", "replay", "nosuch.jsonl")]
    [InlineData(2, "There is no policy 'nosuch'", "policy", "replay", "nosuch.jsonl", "--name", "nosuch")]
    [InlineData(1, "does not exist", "run", "--model", "nosuch.gguf", "hello")]
    [InlineData(1, "it is a folder", "run", "--model", ".", "hello")]
    public async Task Bad_input_is_one_clear_message_without_a_stack_trace(int code, string message, params string[] arguments)
    {
        var run = await HybridAsync(arguments);
        Assert.Equal(code, run.ExitCode);
        Assert.Contains(message, run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Errors, StringComparison.Ordinal);
        Assert.Equal("", run.Output);
    }

    [Theory]
    [InlineData("{ \"Hybrid\": {", "is not valid JSON")]
    [InlineData("{ \"Hybrid\": { \"Polcy\": \"fast\" } }", "Hybrid:Polcy: there is no such key; did you mean Policy?")]
    [InlineData("{ \"Hybrid\": { \"Local\": { \"Threads\": -2 } } }", "Hybrid:Local:Threads: -2")]
    public async Task A_malformed_configuration_names_the_file_or_the_key(string json, string message)
    {
        var run = await HybridAsync("run", "--config", Write(json), "hello");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(message, run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_prompt_longer_than_the_context_says_by_how_much()
    {
        var run = await HybridAsync("run", "--max-tokens", "10", string.Join(' ', Enumerable.Repeat("pump-3 reads 91 C.", 400)));
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("context", run.Errors, StringComparison.Ordinal);
        Assert.Contains("1024", run.Errors, StringComparison.Ordinal);
    }

    private static Task<ChildProcess.Ended> HybridAsync(params string[] arguments) => ChildProcess.RunAsync("src/Cli", "hybrid", arguments);

    private string Write(string json)
    {
        var path = Path.Combine(_folder, "hybrid.json");
        File.WriteAllText(path, json);
        return path;
    }
}
