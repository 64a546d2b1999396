namespace Hybrid.Benchmarks.Engine;

/// <summary>Two ways to do the same, measured in turns.</summary>
/// <remarks>Before each measurement the machine comes to rest: a thread pool of ggml spins for a while after its last decode and would slow the other side.</remarks>
internal sealed record Pairs(IReadOnlyList<(double Left, double Right)> Rounds, int Voided)
{
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(300);

    public double Left => Statistics.Median(Rounds.Select(round => round.Left));

    public double Right => Statistics.Median(Rounds.Select(round => round.Right));

    /// <summary>Left over right, of each pair.</summary>
    public IReadOnlyList<double> Ratios => [.. Rounds.Select(round => round.Left / round.Right).Order()];

    public double Ratio => Statistics.Median(Ratios);

    /// <summary>Lowest and highest ratio, and how many pairs were void.</summary>
    public string Spread => $"{Ratios[0]:0.00}–{Ratios[^1]:0.00}{(Voided > 0 ? $", {Voided} void" : "")}";

    /// <summary>Runs pairs in alternating order after one round that does not count; a pair that others disturbed is run again.</summary>
    /// <param name="options">How many pairs.</param>
    /// <param name="left">Measures the one way; higher is better.</param>
    /// <param name="right">Measures the other.</param>
    /// <param name="processes">Other processes that take part.</param>
    public static async Task<Pairs> RunAsync(EngineOptions options, Func<Task<double>> left, Func<Task<double>> right, params int[] processes)
    {
        if (!options.Quick)
            _ = (await left(), await right());
        var rounds = new List<(double, double)>();
        var voided = 0;
        // A machine that is never quiet ends the run, with the count of void pairs in the table.
        var mostVoid = options.Pairs * 4;
        while (rounds.Count < options.Pairs)
        {
            var leftFirst = (rounds.Count + voided) % 2 == 0;
            var first = await MeasureAsync(leftFirst ? left : right, processes);
            var second = await MeasureAsync(leftFirst ? right : left, processes);
            if (!options.Quick && Math.Max(first.Others, second.Others) > LoadMonitor.MostForOthers && voided < mostVoid)
                voided++;
            else
                rounds.Add(leftFirst ? (first.Value, second.Value) : (second.Value, first.Value));
        }

        return new(rounds, voided);
    }

    private static async Task<(double Value, double Others)> MeasureAsync(Func<Task<double>> measure, int[] processes)
    {
        await Task.Delay(Rest);
        var load = new LoadMonitor(processes);
        var value = await measure();
        return (value, load.OthersShare());
    }
}
