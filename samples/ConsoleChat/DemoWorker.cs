using Hybrid.CloudConnector.Pools;
using Microsoft.Extensions.Configuration;

namespace ConsoleChat;

/// <summary>The worker that plays the cloud: a child process whose address becomes that of the pool <c>cloud</c>.</summary>
internal static class DemoWorker
{
    /// <summary>Starts it unless <c>ConsoleChat:Worker:Start</c> is false; then <c>Hybrid:Pools:cloud:Endpoint</c> must be configured.</summary>
    public static async Task<WorkerProcess?> StartAsync(IConfigurationRoot configuration, CancellationToken cancellationToken)
    {
        var section = configuration.GetSection("ConsoleChat:Worker");
        if (!section.GetValue("Start", true))
            return null;

        // Two engines on the same few cores: each gets its share of threads, and neither spins while it waits.
        var threads = Math.Max(1, Environment.ProcessorCount / 2).ToString();
        configuration["Hybrid:Local:Threads"] ??= threads;
        configuration["Hybrid:Local:Poll"] ??= "0";
        List<string> arguments = ["--model", Path.Combine(AppContext.BaseDirectory, section["ModelPath"] ?? ""), "--threads", threads, "--poll", "0"];
        if (section["ColdStart"] is { Length: > 0 } coldStart)
            arguments.AddRange(["--cold-start", coldStart]);
        var worker = await WorkerProcess.StartAsync(Path.Combine(AppContext.BaseDirectory, "hybrid-worker.dll"), arguments, cancellationToken);
        configuration["Hybrid:Pools:cloud:Endpoint"] = worker.Grpc.ToString();
        return worker;
    }
}
