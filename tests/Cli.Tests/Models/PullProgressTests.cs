using System.Text.Json;
using Hybrid.Cli.Models;
using Hybrid.Models.Pull;

namespace Hybrid.Cli.Tests.Models;

public class PullProgressTests
{
    private static readonly PullProgress Half = new()
    {
        Stage = PullStage.Fetching,
        File = "m-Q8_0.gguf",
        FileNumber = 2,
        FileCount = 3,
        Bytes = 320L << 20,
        TotalBytes = 640L << 20,
        FetchedBytes = 100L << 20,
        BytesPerSecond = 2.5 * (1 << 20),
        TimeLeft = TimeSpan.FromSeconds(128),
    };

    [Fact]
    public void A_terminal_has_one_line_with_amount_rate_and_time_left()
    {
        var output = new StringWriter();
        var bar = new PullProgressBar(output, 100);
        bar.Report(new() { Stage = PullStage.Asking });
        bar.Report(Half);
        bar.Report(Half with { Stage = PullStage.Done, Bytes = Half.TotalBytes });
        var lines = output.ToString().Split('\r', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, lines.Length);
        Assert.Equal("[############............]  50 % 320 MiB of 640 MiB (file 2 of 3), 2.5 MiB/s, 2:08 left", lines[1].TrimEnd());
        Assert.StartsWith("[########################] 100 % 640 MiB of 640 MiB (file 2 of 3), done", lines[2], StringComparison.Ordinal);
        Assert.True(lines[2].TrimEnd('\n').Length >= lines[1].TrimEnd().Length, "The end of the longer line before it is still there.");
        Assert.EndsWith(Environment.NewLine, output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(20)]
    [InlineData(69)]
    [InlineData(200)]
    public void A_line_never_wraps(int columns)
    {
        var line = PullProgressBar.Line(Half with { Stage = PullStage.Retrying, Note = new string('x', 300) }, columns);
        Assert.True(line.Length <= columns);
    }

    [Fact]
    public void A_hundred_percent_is_said_when_nothing_is_missing() =>
        Assert.Contains(" 99 %", PullProgressBar.Line(Half with { Bytes = Half.TotalBytes - 1 }, 100), StringComparison.Ordinal);

    [Fact]
    public void Elsewhere_a_line_comes_for_each_tenth_and_each_new_trouble()
    {
        var output = new StringWriter();
        var bar = new PullProgressBar(output, null);
        for (var percent = 0; percent < 100; percent++)
            bar.Report(Half with { Bytes = Half.TotalBytes / 100 * percent });
        bar.Report(Half with { Stage = PullStage.Retrying, Bytes = Half.TotalBytes / 100 * 99, Note = "the connection was reset; again in 0.4 s" });
        bar.Report(Half with { Stage = PullStage.Retrying, Bytes = Half.TotalBytes / 100 * 99, Note = "the connection was reset; again in 0.4 s" });
        bar.Report(Half with { Stage = PullStage.Done, Bytes = Half.TotalBytes });
        var lines = output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(12, lines.Length);
        Assert.Contains("the connection was reset", lines[10], StringComparison.Ordinal);
        Assert.DoesNotContain('\r', output.ToString().ReplaceLineEndings("\n"));
    }

    [Fact]
    public void A_script_reads_one_object_a_line()
    {
        var output = new StringWriter();
        var lines = new PullProgressLines(output);
        lines.Report(new() { Stage = PullStage.Asking });
        lines.Report(Half);
        lines.Report(Half with { Stage = PullStage.Retrying, Note = "a \"quoted\"\nword", TimeLeft = null });
        var read = output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(["asking", "fetching", "retrying"], read.Select(line => line.GetProperty("stage").GetString()));
        Assert.Equal((335544320, 671088640, 104857600, 2621440, 128.0),
            (read[1].GetProperty("bytes").GetInt64(), read[1].GetProperty("totalBytes").GetInt64(), read[1].GetProperty("fetchedBytes").GetInt64(), read[1].GetProperty("bytesPerSecond").GetInt64(), read[1].GetProperty("secondsLeft").GetDouble()));
        Assert.Equal("a \"quoted\"\nword", read[2].GetProperty("note").GetString());
        Assert.False(read[2].TryGetProperty("secondsLeft", out _));
    }
}
