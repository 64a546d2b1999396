using System.Diagnostics;

namespace Hybrid.CloudWorker.Tests;

/// <summary>A program run to its end: its exit code and what it wrote.</summary>
internal sealed record WorkerRun(int Code, string Output, string Errors)
{
    public static Task<WorkerRun> WorkerAsync(params string[] arguments) => RunAsync("dotnet", [Repository.Worker, .. arguments]);

    public static async Task<WorkerRun> RunAsync(string program, string[] arguments, string? folder = null)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder ?? "" };
        using var process = Process.Start(start)!;
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return new(process.ExitCode, await output, await errors);
        }
        catch
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}
