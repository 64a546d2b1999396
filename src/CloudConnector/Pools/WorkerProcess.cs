using System.Diagnostics;
using System.Text.Json;

namespace Hybrid.CloudConnector.Pools;

/// <summary>A <c>hybrid-worker</c> that runs as a child of this process and never outlives it.</summary>
/// <remarks>The child ends when its standard input does, so also when this process is killed.</remarks>
public sealed class WorkerProcess : IAsyncDisposable
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestStart = TimeSpan.FromSeconds(60);
    private readonly Process _process;

    private WorkerProcess(Process process, Uri http, Uri grpc) => (_process, Http, Grpc) = (process, http, grpc);

    /// <summary>Where it speaks OpenAI's HTTP.</summary>
    public Uri Http { get; }

    /// <summary>Where it speaks gRPC: the endpoint of a <see cref="WorkerTarget"/>.</summary>
    public Uri Grpc { get; }

    /// <summary>The child's process id.</summary>
    public int Id => _process.Id;

    /// <summary>Starts a worker on free loopback ports and returns when it listens; its model may still be loading.</summary>
    /// <param name="workerPath"><c>hybrid-worker.dll</c>, or the worker's executable.</param>
    /// <param name="arguments">Its options, e.g. <c>--model PATH</c>.</param>
    /// <param name="cancellationToken">Stops waiting and ends the child.</param>
    /// <exception cref="HybridException">It is not there or ended before it listened (<see cref="HybridError.TargetUnavailable"/>).</exception>
    public static async Task<WorkerProcess> StartAsync(string workerPath, IEnumerable<string> arguments, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(workerPath);
        ArgumentNullException.ThrowIfNull(arguments);
        if (!File.Exists(workerPath))
            throw new HybridException(HybridError.TargetUnavailable, $"There is no worker at '{workerPath}'. Build src/CloudWorker, or name its hybrid-worker.dll.");
        var dll = workerPath.EndsWith(".dll", StringComparison.OrdinalIgnoreCase);
        var start = new ProcessStartInfo(dll ? DotnetHost() : workerPath)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (dll)
            start.ArgumentList.Add(workerPath);
        foreach (var argument in (string[])["--http-port", "0", "--grpc-port", "0", "--exit-with-stdin", .. arguments])
            start.ArgumentList.Add(argument);

        var errors = new LastLines(20);
        var process = new Process { StartInfo = start };
        process.ErrorDataReceived += (_, line) => errors.Add(line.Data);
        Launch(process);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(LongestStart);
        try
        {
            var (http, grpc) = await ReadAddressesAsync(process, errors, limit.Token);
            return new(process, http, grpc);
        }
        catch (Exception exception)
        {
            await EndAsync(process);
            if (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested)
                throw new HybridException(HybridError.TargetUnavailable, $"The worker did not listen within {LongestStart.TotalSeconds:0} s and was ended. It said: {errors}", exception);
            throw;
        }
    }

    private static void Launch(Process process)
    {
        try
        {
            process.Start();
            process.BeginErrorReadLine();
        }
        catch (Exception exception) when (exception is System.ComponentModel.Win32Exception or PlatformNotSupportedException)
        {
            throw new HybridException(HybridError.TargetUnavailable, $"'{process.StartInfo.FileName}' could not be started: {exception.Message} Set DOTNET_HOST_PATH, or name the worker's executable.", exception);
        }
    }

    private static async Task<(Uri Http, Uri Grpc)> ReadAddressesAsync(Process process, LastLines errors, CancellationToken cancellationToken)
    {
        var line = await process.StandardOutput.ReadLineAsync(cancellationToken);
        if (line is null)
        {
            await process.WaitForExitAsync(cancellationToken);
            throw new HybridException(HybridError.TargetUnavailable, $"The worker ended with code {process.ExitCode} before it listened. It said: {errors}");
        }

        try
        {
            using var ready = JsonDocument.Parse(line);
            return (new(ready.RootElement.GetProperty("http").GetString()!), new(ready.RootElement.GetProperty("grpc").GetString()!));
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or UriFormatException)
        {
            throw new HybridException(HybridError.TargetUnavailable, $"'{process.StartInfo.FileName}' does not speak as a worker; its first line was '{line}'.", exception);
        }
    }

    /// <summary>Ends the child: first by its standard input, then by force.</summary>
    public ValueTask DisposeAsync() => EndAsync(_process);

    private static async ValueTask EndAsync(Process process)
    {
        try
        {
            process.StandardInput.Close();
            await process.WaitForExitAsync().WaitAsync(Grace);
        }
        catch (Exception exception) when (exception is TimeoutException or IOException or InvalidOperationException)
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
                await process.WaitForExitAsync();
            }
        }

        process.Dispose();
    }

    /// <summary>The <c>dotnet</c> that runs this process, else the one of the environment.</summary>
    private static string DotnetHost()
    {
        var own = Environment.ProcessPath;
        if (own is not null && Path.GetFileNameWithoutExtension(own).Equals("dotnet", StringComparison.OrdinalIgnoreCase))
            return own;
        if (Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } host)
            return host;
        var file = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        return Environment.GetEnvironmentVariable("DOTNET_ROOT") is { Length: > 0 } root && File.Exists(Path.Combine(root, file)) ? Path.Combine(root, file) : file;
    }

    /// <summary>The end of what a child wrote, for an error that explains its death.</summary>
    private sealed class LastLines(int count)
    {
        private readonly Queue<string> _lines = new();

        public void Add(string? line)
        {
            if (string.IsNullOrWhiteSpace(line))
                return;
            lock (_lines)
            {
                _lines.Enqueue(line.Trim());
                if (_lines.Count > count)
                    _lines.Dequeue();
            }
        }

        public override string ToString()
        {
            lock (_lines)
                return _lines.Count == 0 ? "nothing" : string.Join(" | ", _lines);
        }
    }
}
