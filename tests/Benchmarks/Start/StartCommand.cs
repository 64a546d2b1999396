using System.Diagnostics;
using Hybrid.Benchmarks.Engine;
using Hybrid.EndToEnd;

namespace Hybrid.Benchmarks.Start;

/// <summary>The command <c>start</c>: how large <c>hybrid</c> is and how soon it speaks, as one file beside the plain build.</summary>
internal static class StartCommand
{
    public const string Help = "start [--quick]   size, and process start to the first token of the edge model: one file beside the plain build";
    private const int Rounds = 21;

    public static async Task<int> RunAsync(string[] arguments)
    {
        var quick = arguments.Contains("--quick");
        var folder = Directory.CreateTempSubdirectory("hybrid-start-").FullName;
        try
        {
            var plain = Path.Combine(Repository.Root, "src/Cli/bin/Release/net10.0");
            await PublishAsync(folder);
            (string Name, string Folder, string[] Start)[] ways =
            [
                ("plain build", plain, ["dotnet", Path.Combine(plain, "hybrid.dll")]),
                ("one file", folder, [Path.Combine(folder, "hybrid")]),
            ];
            var table = new MarkdownTable(
                $"dotnet run -c Release --project tests/Benchmarks -- start{(quick ? " --quick" : "")}", quick,
                $"Process start to the end of `--version`, to the first token of the edge model and its processor time until then; best and median of {(quick ? 3 : Rounds)} rounds in turns, files in the page cache. Size without the models and without llama.cpp's libraries; the plain build needs .NET installed beside it.",
                "", "size, MB", "`--version`, ms (best, median)", "first token, ms (best, median)", "processor time, ms (best, median)");
            var measured = ways.Select(_ => new List<(double Version, double Token, double Processor)>()).ToArray();
            for (var round = -1; round < (quick ? 3 : Rounds); round++)
            {
                for (var i = 0; i < ways.Length; i++)
                {
                    var version = await FirstByteAsync([.. ways[i].Start, "--version"]);
                    await Task.Delay(TimeSpan.FromMilliseconds(quick ? 0 : 300)); // ggml's threads of the one before have ended
                    var token = await FirstByteAsync([.. ways[i].Start, "run", "--temperature", "0", "convert 7 bar to kPa"]);
                    if (round >= 0) measured[i].Add((version.Elapsed, token.Elapsed, token.Processor)); // the first round fills the page cache
                }
            }

            for (var i = 0; i < ways.Length; i++)
                table.Row(
                    ways[i].Name, $"{Size(ways[i].Folder) / 1e6:0.0}", Of(measured[i].Select(one => one.Version)), Of(measured[i].Select(one => one.Token)),
                    Of(measured[i].Select(one => one.Processor)));
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Of(IEnumerable<double> values) => $"{values.Min():0}, {Statistics.Median(values):0}";

    private static async Task PublishAsync(string folder)
    {
        using var publish = Process.Start(new ProcessStartInfo("dotnet", ["publish", "src/Cli", "-c", "Release", "--use-current-runtime", "-p:OneFile=true", "-o", folder, "-v", "q", "--nologo"])
        {
            WorkingDirectory = Repository.Root,
            UseShellExecute = false,
            RedirectStandardOutput = true,
        })!;
        var said = await publish.StandardOutput.ReadToEndAsync();
        await publish.WaitForExitAsync();
        if (publish.ExitCode != 0) throw new InvalidOperationException($"It could not be published: {said}");
    }

    // Models and llama.cpp's libraries lie in folders below.
    private static long Size(string folder) => new DirectoryInfo(folder).EnumerateFiles().Where(file => file.Extension is not (".pdb" or ".xml")).Sum(file => file.Length);

    /// <summary>Milliseconds until a process wrote something, and its processor time by then.</summary>
    private static async Task<(double Elapsed, double Processor)> FirstByteAsync(string[] command)
    {
        var start = Stopwatch.GetTimestamp();
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..])
        {
            WorkingDirectory = Path.GetTempPath(),
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        process.BeginErrorReadLine();
        var read = await process.StandardOutput.BaseStream.ReadAtLeastAsync(new byte[1], 1, throwOnEndOfStream: false);
        var elapsed = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        var processor = process.HasExited ? 0 : process.TotalProcessorTime.TotalMilliseconds;
        await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return read == 1 && process.ExitCode == 0 ? (elapsed, processor) : throw new InvalidOperationException($"'{string.Join(' ', command)}' ended with {process.ExitCode}.");
    }
}
