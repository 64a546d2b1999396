using System.Collections.Concurrent;
using System.Text.Json;
using Hybrid.Accounting;
using Hybrid.CloudConnector;
using Hybrid.CloudConnector.Pools;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Hybrid.EndToEnd.Streaming;

/// <summary>Three worker processes behind one pool, of which one after another is killed with SIGKILL and started again while many streams run.</summary>
internal sealed class DyingPool : IAsyncDisposable
{
    private static readonly ChatOptions Options = new() { Temperature = 0, MaxOutputTokens = 200 };
    private readonly Worker[] _workers;
    private readonly ServiceProvider _services;
    private readonly SemaphoreSlim _due = new(0);
    private int _pieces;

    private DyingPool(Worker[] workers, ServiceProvider services) => (_workers, _services) = (workers, services);

    public int Kills { get; private set; }

    public static async Task<DyingPool> StartAsync(string model)
    {
        Worker[] workers = [new("a", model), new("b", model), new("c", model)];
        await Task.WhenAll(workers.Select(worker => worker.StartAsync()));
        var settings = new Dictionary<string, string?> { ["Hybrid:Pools:cloud:Zone"] = "site", ["Hybrid:Pools:cloud:Model"] = "cloud" };
        foreach (var worker in workers) settings[$"Hybrid:Pools:cloud:Replicas:{worker.Name}:Endpoint"] = $"http://127.0.0.1:{worker.Port}";
        var services = new ServiceCollection().AddHybrid(new ConfigurationBuilder().AddInMemoryCollection(settings).Build()).AddCloudConnector();
        await Task.WhenAll(workers.Select(worker => worker.WarmAsync()));
        return new(workers, services.BuildServiceProvider());
    }

    /// <summary>Asks every question, so many at a time, and kills a worker each time that so many pieces of text have arrived.</summary>
    /// <param name="questions">In their order; again from the first where <paramref name="kills"/> are not reached, for a worker may take longer to start than all of them.</param>
    /// <param name="streams">Questions at a time.</param>
    /// <param name="piecesBetweenKills">Pieces of text.</param>
    /// <param name="kills">The fewest, of which one must have moved a stream; 0: as it comes.</param>
    public async Task<IReadOnlyCollection<(string Question, string Text, RequestReceipt? Receipt, Exception? Fault)>> RunAsync(IReadOnlyList<string> questions, int streams, int piecesBetweenKills, int kills)
    {
        var answers = new ConcurrentQueue<(string Question, string Text, RequestReceipt? Receipt, Exception? Fault)>();
        using var over = new CancellationTokenSource();
        var killing = KillAsync(over.Token);
        await Parallel.ForEachAsync(Wanted(), new ParallelOptions { MaxDegreeOfParallelism = streams }, async (question, _) => answers.Enqueue(await AskAsync(question, piecesBetweenKills)));
        await over.CancelAsync();
        await killing;
        return answers;

        IEnumerable<string> Wanted()
        {
            for (var i = 0; i < questions.Count || (i < 100 * questions.Count && !killing.IsCompleted && (Kills < kills || (kills > 0 && !answers.Any(answer => answer.Receipt?.Handovers.Count > 0)))); i++)
                yield return questions[i % questions.Count];
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        foreach (var worker in _workers) worker.Dispose();
        _due.Dispose();
    }

    private async Task<(string, string, RequestReceipt?, Exception?)> AskAsync(string question, int piecesBetweenKills)
    {
        var (text, receipt) = ("", (RequestReceipt?)null);
        try
        {
            await foreach (var update in _services.GetRequiredService<HybridChatClient>().GetStreamingResponseAsync(question, Options))
            {
                text += update.Text;
                receipt = update.AdditionalProperties?.GetValueOrDefault(HybridUpdateKeys.Receipt) as RequestReceipt ?? receipt;
                if (update.Text.Length > 0 && Interlocked.Increment(ref _pieces) % piecesBetweenKills == 0) _due.Release();
            }

            return (question, text, receipt, null);
        }
        catch (HybridException fault)
        {
            return (question, text, receipt, fault);
        }
    }

    /// <summary>One at a time: the next is killed once the last one answers again.</summary>
    private async Task KillAsync(CancellationToken over)
    {
        try
        {
            while (true)
            {
                await _due.WaitAsync(over);
                var worker = _workers[Kills++ % _workers.Length];
                worker.Kill();
                await worker.StartAsync();
                await worker.WarmAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // All questions are answered.
        }
    }

    private sealed class Worker(string name, string model) : IDisposable
    {
        private ChildProcess? _process;

        public string Name => name;

        /// <summary>A free one, and then always the same.</summary>
        public int Port { get; private set; }

        /// <summary>Returns when it listens.</summary>
        public async Task StartAsync()
        {
            using var hang = new CancellationTokenSource(TimeSpan.FromMinutes(2));
            while (true)
            {
                _process = ChildProcess.Start("src/CloudWorker", "hybrid-worker", "--model", model, "--http-port", "0", "--grpc-port", $"{Port}", "--threads", "1", "--poll", "0", "--queue", "1000", "--exit-with-stdin");
                if (await _process.Output.ReadLineAsync(hang.Token) is { } line)
                {
                    using var ready = JsonDocument.Parse(line);
                    Port = new Uri(ready.RootElement.GetProperty("grpc").GetString()!).Port;
                    return;
                }

                // The one that was killed has its port for a moment, or somebody else has.
                var errors = (await _process.EndAsync()).Errors;
                if (!errors.Contains("Cannot listen", StringComparison.Ordinal)) throw new InvalidOperationException($"Worker {name} did not start: {errors}");
                _process.Dispose();
            }
        }

        public async Task WarmAsync()
        {
            await using var target = new WorkerTarget(new() { Endpoint = new($"http://127.0.0.1:{Port}"), Descriptor = RealPool.Described });
            await target.WarmAsync();
        }

        public void Kill() => _process!.Dispose(); // SIGKILL

        public void Dispose() => _process?.Dispose();
    }
}
