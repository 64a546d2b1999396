using System.Diagnostics;
using System.Text;

namespace Hybrid.Tests.Models;

/// <summary>A process of its own that does what a verb of <c>tests/SecondProcess</c> says.</summary>
internal sealed class SecondProcess : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _errors = new();

    private SecondProcess(Process process) => _process = process;

    public StreamWriter Input => _process.StandardInput;

    public int ExitCode => _process.ExitCode;

    public bool HasExited => _process.HasExited;

    public static SecondProcess Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        var tests = output.Parent!.Parent!.Parent!.Parent!;
        foreach (var argument in (string[])[Path.Combine(tests.FullName, "SecondProcess", "bin", output.Parent.Name, output.Name, "Hybrid.SecondProcess.dll"), .. arguments])
            start.ArgumentList.Add(argument);
        var second = new SecondProcess(Process.Start(start)!);
        second._process.ErrorDataReceived += (_, line) =>
        {
            lock (second._errors)
                second._errors.AppendLine(line.Data);
        };
        second._process.BeginErrorReadLine();
        return second;
    }

    public static async Task<SecondProcess> ReadyAsync(params string[] arguments)
    {
        var process = Start(arguments);
        Assert.Equal("ready", await process.ReadLineAsync());
        return process;
    }

    /// <summary>The next line; null where the process ended.</summary>
    public async Task<string?> ReadLineAsync()
    {
        using var hang = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        hang.CancelAfter(TimeSpan.FromMinutes(2));
        return await _process.StandardOutput.ReadLineAsync(hang.Token);
    }

    /// <summary>Ends it at once, wherever it is: SIGKILL.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>How it ended, and its last words.</summary>
    public async Task<string> EndedAsync()
    {
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
        lock (_errors)
            return $"{_process.ExitCode}: {_errors.ToString()[^Math.Min(_errors.Length, 1500)..]}";
    }

    public Task EndAsync()
    {
        Input.Close();
        return _process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }
}
