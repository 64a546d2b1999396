using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Hybrid.Cli.Simulation;

/// <summary>What a simulation showed.</summary>
/// <param name="Policy">Whose prices of time, carbon and quality count.</param>
/// <param name="Hours">How long each trace is.</param>
/// <param name="Seeds">Every seed that was run.</param>
/// <param name="Traces">A table for each trace.</param>
internal sealed record SimulationReport(string Policy, double Hours, IReadOnlyList<int> Seeds, IReadOnlyList<SimulatedTrace> Traces)
{
    private static readonly string[] Heads = ["policy", "TTFT s", "p50", "p99", "total s", "$/1000", "g/1000", "quality", "failed", "leaks", "off device", "score $/1000", "÷ oracle", "÷ hindsight"];

    public string ToText()
    {
        var text = new StringBuilder();
        foreach (var (trace, rows) in Traces)
        {
            text.Append(CultureInfo.InvariantCulture, $"{trace}: {rows[0].Requests} requests in {Seeds.Count} × {Hours:0.##} h, policy '{Policy}', seeds {string.Join(", ", Seeds)}\n\n");
            Line(text, Heads);
            Line(text, Heads.Select(_ => "---"));
            foreach (var row in rows)
                Line(text, Cells(row));
            text.Append('\n');
        }

        return text.ToString();
    }

    public string ToJson() => JsonSerializer.Serialize(this, SimulationJson.Default.SimulationReport);

    private static void Line(StringBuilder text, IEnumerable<string> cells) => text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");

    private static string[] Cells(ScoreRow row) =>
    [
        row.Policy,
        Number(row.MeanFirstToken, "0.00"),
        Number(row.MedianFirstToken, "0.00"),
        Number(row.P99FirstToken, "0.0"),
        Number(row.MeanTotal, "0.00"),
        Number(row.DollarsPerThousand, "0.00"),
        Number(row.GramsPerThousand, "0.0"),
        Number(row.MeanQuality, "0.000"),
        Number(row.Failures, "0"),
        Number(row.Violations, "0"),
        Number(row.OffDevice * 100, "0") + " %",
        Number(row.ScorePerThousand, "0.00"),
        Number(row.ToOracle, "0.000"),
        Number(row.ToHindsight, "0.000"),
    ];

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}

/// <summary>One trace's table.</summary>
internal sealed record SimulatedTrace(string Trace, IReadOnlyList<ScoreRow> Rows);

/// <summary>Generated JSON for the report.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(SimulationReport))]
internal sealed partial class SimulationJson : JsonSerializerContext;
