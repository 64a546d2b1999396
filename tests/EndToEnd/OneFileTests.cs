using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Hybrid.EndToEnd;

/// <summary>The verbs of the one small file: what was trimmed away is missed by none of them.</summary>
public class OneFileTests(OneFile file) : IClassFixture<OneFile>
{
    private const long MostBytes = 45_000_000;

    [Fact]
    public void It_is_one_small_file_beside_models_and_native_libraries()
    {
        Require();
        Assert.Equal([Path.GetFileName(file.Program)], Directory.GetFiles(file.Folder).Select(path => Path.GetFileName(path)));
        Assert.Equal(["models", "runtimes"], Directory.GetDirectories(file.Folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
        Assert.InRange(new FileInfo(file.Program).Length, 1_000_000, MostBytes);
    }

    [Fact]
    public async Task It_answers_as_the_plain_build_does()
    {
        Require();
        string[] question = ["run", "--json", "--temperature", "0", "--policy", "offline", "pump-3 reads 91 C, its limit is 80 C. What now?"];
        var (one, plain) = (await RunAsync(question), await ChildProcess.RunAsync("src/Cli", "hybrid", question));
        Assert.True(one.ExitCode == 0, one.Errors);
        Assert.Equal(Text(plain), Text(one));
        Assert.StartsWith("pump-3 reads 91 C", Text(one), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "0.1.0", "--version")]
    [InlineData(0, "policy simulate", "policy", "simulate", "--help")]
    [InlineData(0, "\"findings\"", "doctor", "--json")]
    [InlineData(0, "\"chosen\":\"device\"", "route", "--json", "--privacy", "secret", "hello")]
    [InlineData(0, "green", "policy", "show", "green")]
    [InlineData(0, "oracle", "policy", "simulate", "--hours", "1", "--trace", "chat")]
    [InlineData(2, "", "run", "--bogus", "hello")]
    [InlineData(2, "", "run", "--policy", "nosuch", "hello")]
    public async Task A_verb_ends_as_it_should(int code, string words, params string[] arguments)
    {
        Require();
        var run = await RunAsync(arguments);
        Assert.True(run.ExitCode == code, run.Errors);
        Assert.Contains(words, run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_serves_apps_until_it_is_told_to_stop()
    {
        Require();
        using var serve = ChildProcess.StartProgram(file.Program, "serve", "--port", "0");
        var address = (await serve.Output.ReadLineAsync())?.Split(' ')[^1] + "/";
        using var http = new HttpClient { BaseAddress = new Uri(address) };
        using var answer = await http.PostAsync("chat/completions", JsonContent.Create(new { messages = new[] { new { role = "user", content = "convert 7 bar to kPa" } }, temperature = 0 }));
        var body = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        Assert.Equal("7 bar is 700 kPa.", (string?)body["choices"]![0]!["message"]!["content"]);
        Assert.Equal("ok", (string?)JsonNode.Parse(await http.GetStringAsync("/health"))!["status"]);
        if (OperatingSystem.IsWindows()) return;
        using var kill = ChildProcess.StartProgram("kill", "-TERM", $"{serve.Id}");
        Assert.Equal(0, (await kill.EndAsync()).ExitCode);
        Assert.Equal(0, (await serve.EndAsync()).ExitCode);
    }

    private static void Require() => Assert.SkipUnless(OneFile.IsTested, "Publishing takes minutes of processor time: set HYBRID_LONG_TESTS=1. Each build checks the code for trimming.");

    private static string? Text(ChildProcess.Ended run) => JsonDocument.Parse(run.Output).RootElement.GetProperty("text").GetString();

    private async Task<ChildProcess.Ended> RunAsync(params string[] arguments)
    {
        using var child = ChildProcess.StartProgram(file.Program, arguments);
        child.Input.Close();
        return await child.EndAsync();
    }
}
