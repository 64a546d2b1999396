using System.Diagnostics;
using Hybrid.EndToEnd;
using Hybrid.EndToEnd.Peers;

namespace Hybrid.Benchmarks.Engine;

/// <summary>Starts node-llama-cpp with the thread count that serves it best on this machine.</summary>
internal static class Peer
{
    public const string Caption =
        "node-llama-cpp 3.22.1 runs the same libraries from Node on the CPU, with batches of 512 tokens and flash attention as it comes; its times are taken in its own process. " +
        "It runs with the better of 1 and 2 threads, which the table names: without OpenMP, and it attaches no thread pool, ggml starts threads for every graph.";

    /// <summary>Runs it with one thread and with all, and keeps the faster one.</summary>
    public static async Task<(NodeLlama Peer, int Threads)> StartBestAsync(BenchModel model, EngineOptions options, int context, int sequences, Func<NodeLlama, Task<double>> measure)
    {
        SetUp();
        var one = await NodeLlama.StartAsync(model.Path, 1, context, sequences);
        if (options.Threads == 1)
            return (one, 1);
        var many = await NodeLlama.StartAsync(model.Path, options.Threads, context, sequences);
        var oneIsBetter = await measure(one) > await measure(many);
        (oneIsBetter ? many : one).Dispose();
        return oneIsBetter ? (one, 1) : (many, options.Threads);
    }

    /// <summary>Installs it on first use.</summary>
    private static void SetUp()
    {
        using var node = Process.Start(new ProcessStartInfo("node", "setup.mjs") { WorkingDirectory = Path.Combine(Repository.Root, "tests", "Peers"), UseShellExecute = false, RedirectStandardOutput = true })!;
        node.WaitForExit();
        if (node.ExitCode != 0)
            throw new InvalidOperationException("node-llama-cpp could not be installed; see the messages above.");
    }
}
