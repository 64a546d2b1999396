using System.Diagnostics;
using System.Security.Cryptography;
using Hybrid.Benchmarks.Engine;

namespace Hybrid.Benchmarks.Models.Pull;

/// <summary>A verified pull beside others' downloads that are verified afterwards, in turns.</summary>
internal static class PullTables
{
    private const double MostMemory = 64 * (1 << 20);

    public static async Task<bool> RunAsync(ModelsOptions options)
    {
        var good = true;
        if (options.Wants("loopback"))
            good &= await LoopbackAsync(options);
        Console.WriteLine();
        if (options.Wants("line"))
            good &= await LineAsync(options);
        return good;
    }

    private static async Task<bool> LoopbackAsync(ModelsOptions options)
    {
        var size = options.Quick ? 64L << 20 : 1L << 30;
        using var file = BenchFile.Write(options.Folder, size);
        var table = Table(options, $"{size >> 20} MiB from a server on this machine, its file in the page cache; written to '{options.Folder}'. {options.Runs} runs of each in turns, medians.", PullWay.Aria);
        var results = await MeasureAsync(options, file, "127.0.0.1", [], [], PullWay.All);
        var hash = Stopwatch.GetTimestamp();
        await using (var bytes = File.OpenRead(file.Path))
            await SHA256.HashDataAsync(bytes);
        var alone = Stopwatch.GetElapsedTime(hash).TotalSeconds;
        Write(table, results, size, PullWay.Aria);
        table.Row("for comparison: SHA-256 of the file alone, one core", $"{alone:0.00}", "", $"{size / alone / 1e6:0}", "", "", "");
        var ours = results[PullWay.Ours];
        return ours.Max(run => run.Memory) <= MostMemory && (results.GetValueOrDefault(PullWay.Aria) is not { } aria || Median(ours) <= Median(aria));
    }

    private static async Task<bool> LineAsync(ModelsOptions options)
    {
        var size = options.Quick ? 4L << 20 : 16L << 20;
        using var line = ShapedLine.TryMake();
        if (line is null)
        {
            Console.WriteLine("Not measured: a thin, lossy line between network namespaces needs root, iproute2 and tc netem or /dev/net/tun.");
            return false;
        }

        var table = Table(options, $"{size >> 20} MiB over a line of {line.Words}. {options.Runs} runs of each in turns, medians.", PullWay.Curl);
        using var file = BenchFile.Write(options.Folder, size);
        var results = await MeasureAsync(options, file, ShapedLine.ServerAddress, line.OnServer, line.OnClient, PullWay.All);
        Write(table, results, size, PullWay.Curl);
        return results[PullWay.Ours].Max(run => run.Memory) <= MostMemory && Median(results[PullWay.Curl]) >= 2 * Median(results[PullWay.Ours]);
    }

    private static MarkdownTable Table(ModelsOptions options, string caption, string peer) =>
        new(options.Command, options.Quick, caption, "way", "s", "lowest–highest", "MB/s", $"× {peer.Split(',')[0]}", "processor, s", "memory, MiB");

    private static async Task<Dictionary<string, List<Measured>>> MeasureAsync(ModelsOptions options, BenchFile file, string address, string[] onServer, string[] onClient, IReadOnlyList<PullWay> ways)
    {
        string[] serve = [.. onServer, "dotnet", typeof(PullTables).Assembly.Location, "models", "serve", address, "0", file.Path, file.Digest];
        using var server = Process.Start(new ProcessStartInfo(serve[0], serve[1..]) { UseShellExecute = false, RedirectStandardOutput = true })!;
        try
        {
            var endpoint = $"http://{address}:{await server.StandardOutput.ReadLineAsync()}";
            var results = new Dictionary<string, List<Measured>>();
            // The first turn is for the page cache and the branch predictors.
            for (var run = options.Quick ? 0 : -1; run < options.Runs; run++)
            {
                foreach (var way in ways.Where(way => way.IsHere))
                {
                    var folder = Directory.CreateDirectory(Path.Combine(options.Folder, $"hybrid-pulled-{Environment.ProcessId}")).FullName;
                    string[] command = [.. onClient, .. way.Command(endpoint, folder)];
                    var measured = await Measured.RunAsync(command[0], command[1..]);
                    Directory.Delete(folder, recursive: true);
                    if (run < 0)
                        continue;
                    if (!results.TryGetValue(way.Name, out var runs))
                        results[way.Name] = runs = [];
                    runs.Add(measured);
                }
            }

            return results;
        }
        finally
        {
            server.Kill(entireProcessTree: true);
        }
    }

    private static void Write(MarkdownTable table, Dictionary<string, List<Measured>> results, long size, string peer)
    {
        foreach (var way in PullWay.All)
        {
            if (!results.TryGetValue(way.Name, out var runs))
            {
                table.Row($"{way.Name}: not installed here", "", "", "", "", "", "");
                continue;
            }

            var seconds = Median(runs);
            table.Row(
                way.Name,
                $"{seconds:0.00}",
                $"{runs.Min(run => run.Seconds):0.00}–{runs.Max(run => run.Seconds):0.00}",
                $"{size / seconds / 1e6:0.0}",
                results.TryGetValue(peer, out var other) ? $"{Median(other) / seconds:0.00}" : "",
                $"{Statistics.Median([.. runs.Select(run => run.Processor)]):0.00}",
                $"{runs.Max(run => run.Memory) / (double)(1 << 20):0}");
        }
    }

    private static double Median(List<Measured> runs) => Statistics.Median([.. runs.Select(run => run.Seconds)]);
}
