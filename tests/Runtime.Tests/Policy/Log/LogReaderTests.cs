using System.Text;
using System.Text.Json.Nodes;
using Hybrid.Policy;
using Hybrid.Policy.Learning;
using Hybrid.Policy.Log;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.Tests.Policy.Log;

public sealed class LogReaderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hybrid-reader").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("not json", "invalid")]
    [InlineData("null", "null")]
    [InlineData("[]", "could not be converted")]
    [InlineData("{}", "time")]
    [InlineData("""{"time":"2026-01-01T00:00:00Z","id":"x"}""", "no record")]
    [InlineData("""{"time":"2026-01-01T00:00:00Z","feedback":0.5}""", "no id")]
    [InlineData("""{"time":"2026-01-01T00:00:00Z","id":"x","feedback":2}""", "no record")]
    [InlineData("""{"time":"2026-01-01T00:00:00Z","id":"x","policy":{"name":"half"}}""", "required")]
    [InlineData("""{"time":"2026-01-01T00:00:00Z","id":"x","target":{"name":"half"}}""", "required")]
    [InlineData("""{"time":"2026-01-01T00:00:00Z","id":"x","decision":null,"outcome":{"targets":null}}""", "null")]
    public async Task A_damaged_line_is_counted_with_its_reason_and_the_rest_is_read(string line, string reason)
    {
        var path = await LogAsync();
        var lines = await File.ReadAllLinesAsync(path, TestContext.Current.CancellationToken);
        await File.WriteAllLinesAsync(path, [line, .. lines, line], TestContext.Current.CancellationToken);
        var reader = new LogReader();
        Assert.Equal(["0", "1"], reader.Read([path]).Select(entry => entry.Id));
        Assert.Equal(2, reader.Damaged);
        Assert.Contains(reason, reader.FirstDamage, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("policy", "policy", "latencyQuantile", 7)]
    [InlineData("policy", "policy", "dollarsPerSecond", "NaN")]
    [InlineData("target", "target", "decodeTokensPerSecond", -1)]
    [InlineData("target", "target", "powerUsageEffectiveness", 0)]
    public async Task Absurd_figures_are_damage_and_so_is_what_rests_on_them(string record, string part, string key, object value)
    {
        var path = await LogAsync();
        var lines = (await File.ReadAllLinesAsync(path, TestContext.Current.CancellationToken)).Select(line => JsonNode.Parse(line)!).ToList();
        var changed = lines.First(line => line["record"]!.GetValue<string>() == record);
        changed[part]![key] = JsonValue.Create(value);
        await File.WriteAllLinesAsync(path, lines.Select(line => line.ToJsonString()), TestContext.Current.CancellationToken);
        var reader = new LogReader();
        Assert.Empty(reader.Read([path]));
        Assert.Equal(3, reader.Damaged);
        Assert.Contains(key, reader.FirstDamage, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_figure_that_is_missing_is_not_guessed()
    {
        var path = await LogAsync();
        var lines = await File.ReadAllLinesAsync(path, TestContext.Current.CancellationToken);
        var nodes = lines.Select(line => JsonNode.Parse(line)!).ToList();
        foreach (var decision in nodes.Select(node => node["decision"]).OfType<JsonNode>())
            Assert.True(decision["targets"]![0]!["rates"]!.AsObject().Remove("failureProbability"));
        await File.WriteAllLinesAsync(path, nodes.Select(node => node.ToJsonString()), TestContext.Current.CancellationToken);
        var reader = new LogReader();
        Assert.Empty(reader.Read([path]));
        Assert.Equal(2, reader.Damaged);
    }

    [Fact]
    public async Task A_line_without_end_takes_bounded_memory()
    {
        var path = await LogAsync();
        var log = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        await using (var file = File.Create(path))
        {
            await file.WriteAsync(new byte[LineReader.MostBytes * 3], TestContext.Current.CancellationToken);
            await file.WriteAsync("\n"u8.ToArray(), TestContext.Current.CancellationToken);
            await file.WriteAsync(log, TestContext.Current.CancellationToken);
            await file.WriteAsync(Encoding.UTF8.GetBytes(new string('x', LineReader.MostBytes + 1)), TestContext.Current.CancellationToken);
        }

        var reader = new LogReader();
        Assert.Equal(["0", "1"], reader.Read([path]).Select(entry => entry.Id));
        Assert.Equal(2, reader.Damaged);
        Assert.Contains(":1: it is longer than", reader.FirstDamage, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(64 << 10)]
    [InlineData((64 << 10) + 1)]
    [InlineData(300_000)]
    public async Task Lines_of_any_length_are_whole(int length)
    {
        var path = Path.Combine(_folder, "lines");
        string[] lines = [new('a', length), "", new('b', length / 2), new('c', length)];
        await File.WriteAllTextAsync(path, string.Join('\n', lines), TestContext.Current.CancellationToken);
        Assert.Equal(lines, LineReader.Read(path).Select(line => Encoding.UTF8.GetString(line!.Value.Span)));
    }

    private async Task<string> LogAsync()
    {
        var path = Path.Combine(_folder, "decisions.jsonl");
        await using var log = new DecisionLog(new() { Path = path }, new ManualTimeProvider(), NullLogger.Instance);
        for (var i = 0; i < 2; i++)
            log.Decided($"{i}", TestTargets.Decide(TestTargets.Chat, PolicyPresets.Balanced, TestTargets.Device), [LearnedBias.None]);
        return path;
    }
}
