using System.Runtime.InteropServices;
using Hybrid.CloudConnector.Pools;
using Hybrid.Targets;

namespace Hybrid.EndToEnd.Streaming;

/// <summary>A worker in a process of its own, and the pool that it is over a real socket.</summary>
internal sealed class RealPool : IAsyncDisposable
{
    private const int Kill9 = 9;
    private const int Stop19 = 19;
    private const int Continue18 = 18;

    /// <summary>How long a pool may take to say how it is, on a machine that stands still for seconds.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private RealPool(WorkerProcess worker, WorkerTarget target) => (Worker, Target) = (worker, target);

    /// <summary>What is said of a pool where nothing else matters.</summary>
    public static TargetDescriptor Described { get; } = new()
    {
        Name = "cloud",
        Model = "cloud",
        Zone = Zone.Site,
        Quality = 1,
        Capabilities = TargetCapabilities.Chat | TargetCapabilities.Continuation,
    };

    public WorkerProcess Worker { get; }

    public WorkerTarget Target { get; }

    /// <summary>Starts one with a decode thread that does not spin, since the device decodes on the same machine.</summary>
    public static async Task<RealPool> StartAsync(string model, TargetDescriptor? descriptor = null, params string[] arguments)
    {
        var worker = await WorkerProcess.StartAsync(ChildProcess.PathOf("src/CloudWorker", "hybrid-worker"), ["--model", model, "--threads", "1", "--poll", "0", .. arguments]);
        return new(worker, new(new() { Endpoint = worker.Grpc, Descriptor = descriptor ?? Described, ConnectTimeout = Patience }));
    }

    /// <summary>SIGKILL: it can neither catch it nor say goodbye.</summary>
    public void Kill() => Signal(Kill9);

    /// <summary>SIGSTOP: it keeps its sockets open and does nothing more.</summary>
    public void Suspend() => Signal(Stop19);

    /// <summary>SIGCONT.</summary>
    public void Resume() => Signal(Continue18);

    public async ValueTask DisposeAsync()
    {
        Kill(); // one that is suspended would not see its input end
        await Target.DisposeAsync();
        await Worker.DisposeAsync();
    }

    private void Signal(int signal) => _ = kill(Worker.Id, signal);

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int kill(int process, int signal);
}
