using System.Diagnostics;
using System.Text;

namespace Hybrid.EndToEnd;

/// <summary>The README's main command, as a newcomer runs it.</summary>
public class ConsoleChatTests
{
    private const string Prompt = "pump-3 reads 91 C, its limit is 80 C. What now?";

    [Theory]
    [InlineData("balanced", "cloud")]
    [InlineData("offline", "device")]
    public async Task It_answers_sensibly_says_who_and_why_and_what_it_took(string policy, string target)
    {
        var run = await ChildProcess.RunAsync("samples/ConsoleChat", "ConsoleChat", "--policy", policy, Prompt);
        Assert.True(run.ExitCode == 0, run.Errors);
        Assert.StartsWith("pump-3 reads 91 C, over its limit of 80 C. Slow it down, then check the cooling.", run.Output, StringComparison.Ordinal);
        Assert.Contains($"{policy} policy chose {target}: $", run.Output, StringComparison.Ordinal);
        Assert.Matches($@"target +tokens +TTFT ms +tokens/s +cost \$ +g CO2e\n{target} ", run.Output);
    }

    [Fact]
    public async Task When_the_worker_is_killed_the_chat_goes_on_locally_and_leaves_no_child()
    {
        using var chat = ChildProcess.Start("samples/ConsoleChat", "ConsoleChat", "--policy", "best-answer");
        await chat.Input.WriteLineAsync(Prompt);
        await ReadUntilAsync(chat.Output, "\ncloud ");
        var worker = Assert.Single(chat.Children("hybrid-worker"));
        Process.GetProcessById(worker).Kill();

        await chat.Input.WriteLineAsync("convert 7 bar to kPa");
        await ReadUntilAsync(chat.Output, "\ndevice ");
        await chat.Input.WriteLineAsync("/quit");
        var run = await chat.EndAsync();
        Assert.True(run.ExitCode == 0, run.Errors);
        Assert.False(ChildProcess.IsRunning(worker));
    }

    [Fact]
    public async Task When_the_chat_is_killed_its_worker_ends_too()
    {
        using var chat = ChildProcess.Start("samples/ConsoleChat", "ConsoleChat");
        await ReadUntilAsync(chat.Output, "> ");
        var worker = Process.GetProcessById(Assert.Single(chat.Children("hybrid-worker")));
        Process.GetProcessById(chat.Id).Kill();
        using var hang = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        await worker.WaitForExitAsync(hang.Token);
    }

    [Theory]
    [InlineData("there is no policy 'nosuch'", "--policy", "nosuch", "hello")]
    [InlineData("Usage:", "--nosuch", "hello")]
    public async Task Bad_usage_is_one_clear_message(string message, params string[] arguments)
    {
        var run = await ChildProcess.RunAsync("samples/ConsoleChat", "ConsoleChat", arguments);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(message, run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Errors, StringComparison.Ordinal);
    }

    private static async Task ReadUntilAsync(StreamReader output, string text)
    {
        using var hang = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        var read = new StringBuilder();
        var buffer = new char[256];
        while (!read.ToString().Contains(text, StringComparison.Ordinal))
        {
            var count = await output.ReadAsync(buffer.AsMemory(), hang.Token);
            Assert.True(count > 0, $"It ended before it said '{text.Trim()}': {read}");
            read.Append(buffer, 0, count);
        }
    }
}
