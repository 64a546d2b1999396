using System.Diagnostics;
using Hybrid.EndToEnd;

namespace Hybrid.Benchmarks.Gateway;

/// <summary>A script of <c>tests/Peers/gateway</c> in a process of its own; what it prints is kept from the table.</summary>
internal sealed class NodeServer : IDisposable
{
    private readonly Process _process;

    private NodeServer(Process process) => _process = process;

    public static string Folder { get; } = Path.Combine(Repository.Root, "tests", "Peers", "gateway");

    /// <summary>Installs what the lock file names, once.</summary>
    public static async Task InstallAsync()
    {
        if (Directory.Exists(Path.Combine(Folder, "node_modules")))
            return;
        using var npm = Run("npm", "ci");
        _ = npm._process.StandardOutput.ReadToEndAsync();
        await npm._process.WaitForExitAsync();
        if (npm._process.ExitCode != 0)
            throw new NotSupportedException($"npm ci failed in {Folder}; see its messages above.");
    }

    /// <summary>Starts a script; the first line that holds a text ends the wait, and is returned.</summary>
    public static async Task<(NodeServer Server, string Line)> StartAsync(string until, params string[] arguments)
    {
        var server = Run("node", arguments);
        while (await server._process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (!line.Contains(until, StringComparison.Ordinal))
                continue;
            _ = server._process.StandardOutput.ReadToEndAsync(); // so that it never waits for a reader
            return (server, line);
        }

        throw new NotSupportedException($"node {string.Join(' ', arguments)} ended before it listened; see its messages above.");
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private static NodeServer Run(string program, params string[] arguments) => new(Process.Start(new ProcessStartInfo(program, arguments)
    {
        WorkingDirectory = Folder,
        UseShellExecute = false,
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
    })!);
}
