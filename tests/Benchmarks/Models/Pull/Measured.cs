using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Hybrid.Benchmarks.Models.Pull;

/// <summary>What a command took, with all that it started.</summary>
/// <param name="Seconds">From start to end.</param>
/// <param name="Processor">Seconds of processor time.</param>
/// <param name="Memory">The most bytes that its largest process had resident.</param>
internal sealed partial record Measured(double Seconds, double Processor, long Memory)
{
    private const int Children = -1;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(10);

    public static async Task<Measured> RunAsync(string program, params string[] arguments)
    {
        var before = ProcessorOfChildren();
        var began = Stopwatch.GetTimestamp();
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var memory = 0L;
        var ended = process.WaitForExitAsync();
        while (await Task.WhenAny(ended, Task.Delay(Look)) != ended)
            memory = Math.Max(memory, Largest(process.Id));
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        await output;
        return process.ExitCode == 0
            ? new(seconds, ProcessorOfChildren() - before, memory)
            : throw new NotSupportedException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}; see its messages above.");
    }

    /// <summary>The high-water mark of a process or of one that it started.</summary>
    private static long Largest(int process)
    {
        var most = 0L;
        foreach (var line in Lines($"/proc/{process}/status"))
        {
            if (line.StartsWith("VmHWM:", StringComparison.Ordinal))
                most = long.Parse(line.AsSpan(6, line.Length - 9).Trim()) << 10;
        }

        foreach (var child in Lines($"/proc/{process}/task/{process}/children").SelectMany(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)))
            most = Math.Max(most, Largest(int.Parse(child)));
        return most;
    }

    private static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static unsafe double ProcessorOfChildren()
    {
        var usage = stackalloc long[18]; // user and system time in seconds and microseconds, then what is not asked here
        return GetUsage(Children, usage) == 0 ? usage[0] + usage[2] + ((usage[1] + usage[3]) / 1e6) : double.NaN;
    }

    [LibraryImport("libc", EntryPoint = "getrusage")]
    private static unsafe partial int GetUsage(int who, long* usage);
}
