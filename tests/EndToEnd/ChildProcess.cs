using System.Diagnostics;
using System.Text;

namespace Hybrid.EndToEnd;

/// <summary>One of our programs, as built beside these tests, run in a process of its own.</summary>
internal sealed class ChildProcess : IDisposable
{
    // Long enough for a loaded machine; reached only when something hangs.
    private static readonly TimeSpan Hang = TimeSpan.FromMinutes(5);
    private readonly Process _process;
    private readonly StringBuilder _errors = new();

    private ChildProcess(Process process)
    {
        _process = process;
        process.ErrorDataReceived += (_, line) =>
        {
            lock (_errors)
                _errors.AppendLine(line.Data);
        };
    }

    public int Id => _process.Id;

    public StreamWriter Input => _process.StandardInput;

    public StreamReader Output => _process.StandardOutput;

    public static ChildProcess Start(string project, string assembly, params string[] arguments) => StartProgram("dotnet", [PathOf(project, assembly), .. arguments]);

    public static ChildProcess StartProgram(string program, params string[] arguments) => Start(new ProcessStartInfo(program, arguments));

    public static ChildProcess Start(ProcessStartInfo start)
    {
        start.UseShellExecute = false;
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        start.WorkingDirectory = Path.GetTempPath();
        var child = new ChildProcess(new Process { StartInfo = start });
        child._process.Start();
        child._process.BeginErrorReadLine();
        return child;
    }

    /// <summary>Where a program of ours was built.</summary>
    public static string PathOf(string project, string assembly) => Path.Combine(Repository.Root, project, "bin", Configuration, "net10.0", assembly + ".dll");

    public static async Task<Ended> RunAsync(string project, string assembly, params string[] arguments)
    {
        using var child = Start(project, assembly, arguments);
        child.Input.Close();
        return await child.EndAsync();
    }

    /// <summary>What it printed and how it ended; a process that hangs is killed and fails the test.</summary>
    /// <param name="longest">How long it may take; null: five minutes.</param>
    public async Task<Ended> EndAsync(TimeSpan? longest = null)
    {
        using var hang = new CancellationTokenSource(longest ?? Hang);
        var output = await Output.ReadToEndAsync(hang.Token);
        await _process.WaitForExitAsync(hang.Token);
        lock (_errors)
            return new(_process.ExitCode, output, _errors.ToString());
    }

    /// <summary>Its children of a name, by what the kernel says.</summary>
    public IReadOnlyList<int> Children(string name) => [.. Directory.EnumerateDirectories("/proc")
        .Select(folder => int.TryParse(Path.GetFileName(folder), out var id) ? id : 0)
        .Where(id => id > 0 && ParentOf(id) == Id && CommandOf(id).Contains(name, StringComparison.Ordinal))];

    public static bool IsRunning(int id) => Directory.Exists($"/proc/{id}") && !CommandOf(id).Equals("", StringComparison.Ordinal);

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private static string Configuration => AppContext.BaseDirectory.Contains($"{Path.DirectorySeparatorChar}Release{Path.DirectorySeparatorChar}", StringComparison.Ordinal) ? "Release" : "Debug";

    private static int ParentOf(int id) => Read($"/proc/{id}/status").Split('\n').FirstOrDefault(line => line.StartsWith("PPid:", StringComparison.Ordinal)) is { } line
        ? int.Parse(line.AsSpan(5))
        : 0;

    private static string CommandOf(int id) => Read($"/proc/{id}/cmdline").Replace('\0', ' ');

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return ""; // It ended while it was looked at.
        }
    }

    internal sealed record Ended(int ExitCode, string Output, string Errors);
}
