using Hybrid.CloudWorker.Hosting;
using Microsoft.Extensions.Configuration;

namespace Hybrid.CloudWorker.Tests;

public class CommandLineTests
{
    [Theory]
    [InlineData("Model is not set")]
    [InlineData("--http-port", "--http-port", "x")]
    [InlineData("no-such-option", "--no-such-option")]
    [InlineData("cold-start", "--model", "x.gguf", "--cold-start", "soon")]
    [InlineData("HttpPort is 70000", "--model", "x.gguf", "--http-port", "70000")]
    [InlineData("Bind is 'everywhere'", "--model", "x.gguf", "--bind", "everywhere")]
    [InlineData("--insecure", "--model", "x.gguf", "--bind", "0.0.0.0")]
    [InlineData("no certificate", "--model", "x.gguf", "--bind", "0.0.0.0", "--api-key", "k")]
    [InlineData("MemoryBudget is 'much'", "--model", "x.gguf", "--memory-budget", "much")]
    [InlineData("KeepAlive and ScaleToZeroAfter", "--model", "x.gguf", "--keep-alive", "5m", "--cold-start", "1s", "--scale-to-zero-after", "60s")]
    [InlineData("Two models have the id 'x'", "--model", "a/x.gguf", "--model", "x=b/y.gguf")]
    [InlineData("ScaleToZeroAfter is set", "--model", "x.gguf", "--scale-to-zero-after", "60s")]
    public async Task Bad_usage_is_exit_code_2_with_the_fault_by_name(string named, params string[] arguments)
    {
        var run = await WorkerRun.WorkerAsync(arguments);
        Assert.Equal((Worker.BadUsage, ""), (run.Code, run.Output));
        Assert.Contains(named, run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_model_is_exit_code_1_in_one_line()
    {
        var run = await WorkerRun.WorkerAsync("--model", "no-such.gguf");
        Assert.Equal(Worker.Failed, run.Code);
        Assert.Equal("hybrid-worker: There is no model file 'no-such.gguf'.", Assert.Single(run.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries)));
    }

    [Theory]
    [InlineData("models/a.gguf", "a", "models/a.gguf")]
    [InlineData("fast=models/a.gguf", "fast", "models/a.gguf")]
    [InlineData("./b=c/a.gguf", "a", "./b=c/a.gguf")]
    [InlineData("fast=b=c.gguf", "fast", "b=c.gguf")]
    [InlineData("=a.gguf", "=a", "=a.gguf")]
    public void A_model_is_a_path_or_an_id_with_a_path(string text, string id, string path) => Assert.Equal(new(id, path), ServedModel.Parse(text));

    [Fact]
    public async Task The_command_line_names_models_and_wins_over_the_environment()
    {
        IReadOnlyDictionary<string, string?> keys = new Dictionary<string, string?>();
        var root = WorkerCommand.Create((read, _) =>
        {
            keys = read;
            return Task.FromResult(0);
        });
        Assert.Equal(0, await root.Parse(["--model", "a.gguf", "--model", "b=c.gguf", "--name", "first", "--memory-budget", "2GiB", "--keep-alive", "5m"]).InvokeAsync());
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("Hybrid:Worker:Model", "environment.gguf")]).AddInMemoryCollection(keys).Build();
        var options = new WorkerOptions();
        configuration.GetSection(WorkerOptions.Section).Bind(options);
        Assert.Equal([new("first", "a.gguf"), new("b", "c.gguf")], options.Served);
        Assert.Equal(("2GiB", TimeSpan.FromMinutes(5)), (options.MemoryBudget, options.KeepAlive));
        Assert.Empty(WorkerOptionsValidation.Check(options));
    }

    [Fact]
    public async Task An_address_that_is_not_ours_or_taken_is_exit_code_1_without_a_trace()
    {
        using var taken = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        taken.Start();
        var port = ((System.Net.IPEndPoint)taken.LocalEndpoint).Port.ToString();
        foreach (var arguments in (string[][])[["--bind", "192.0.2.1", "--insecure", "--http-port", "0", "--grpc-port", "0"], ["--http-port", port, "--grpc-port", "0"]])
        {
            var run = await WorkerRun.WorkerAsync(["--model", Repository.EdgeModel, .. arguments]);
            Assert.Equal((Worker.Failed, ""), (run.Code, run.Output));
            Assert.Contains("hybrid-worker: Cannot listen on ", run.Errors, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", run.Errors, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Help_is_no_fault()
    {
        var run = await WorkerRun.WorkerAsync("--help");
        Assert.Equal(Worker.Done, run.Code);
        Assert.Contains("--scale-to-zero-after", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("500ms", 500)]
    [InlineData("8s", 8_000)]
    [InlineData("1.5m", 90_000)]
    [InlineData("1h", 3_600_000)]
    [InlineData("00:00:08", 8_000)]
    public void A_duration_is_read_as_people_write_it(string text, double milliseconds)
    {
        Assert.True(Duration.TryParse(text, out var duration));
        Assert.Equal(milliseconds, duration.TotalMilliseconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-8s")]
    [InlineData("s")]
    [InlineData("8 s")]
    [InlineData("99999999999999h")]
    public void Anything_else_is_no_duration(string text) => Assert.False(Duration.TryParse(text, out _));
}
