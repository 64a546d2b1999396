using Hybrid.CloudConnector.Pools;
using Hybrid.Configuration;
using Hybrid.Targets;
using Hybrid.Tests;
using Microsoft.Extensions.Logging.Abstractions;

namespace Hybrid.CloudConnector.Tests.Pools;

/// <summary>A pool of scripted replicas on a clock that a test moves.</summary>
internal sealed class PoolBench
{
    private readonly Random _random = new(1);

    public PoolBench(int replicas, Func<PoolOptions, PoolOptions>? options = null, Func<int, ReplicaOptions, ReplicaOptions>? place = null)
    {
        Replicas = [.. Enumerable.Range(0, replicas).Select(i => new ScriptedReplica($"r{i}"))];
        Options = new() { Descriptor = new() { Name = "pool", Model = "m", Zone = Zone.Site } };
        Options = options?.Invoke(Options) ?? Options;
        Pool = new(
            Options,
            [.. Replicas.Select((replica, i) =>
            {
                var at = new ReplicaOptions { Name = $"r{i}", Endpoint = new($"http://r{i}") };
                return (place?.Invoke(i, at) ?? at, (ITarget)replica);
            })],
            Time,
            _random.NextDouble,
            NullLogger.Instance);
    }

    public ManualTimeProvider Time { get; } = new();

    public ScriptedReplica[] Replicas { get; }

    public PoolOptions Options { get; }

    public PoolTarget Pool { get; }

    /// <summary>Requests of no retries, so that each asks one replica.</summary>
    public static PoolOptions NoRetries(PoolOptions options) => options with { Retries = new() { Most = 0 } };

    /// <summary>Asks and lets time pass until it ends.</summary>
    public async Task<Answer> AskAsync(string conversation = "hi", DecodeRequest? request = null)
    {
        var asked = Asking.AskAsync(Pool, request ?? new() { Prompt = new TextPrompt(conversation) });
        for (var steps = 0; !asked.IsCompleted && steps < 10_000; steps++)
        {
            Time.Advance(TimeSpan.FromMilliseconds(5));
            await Task.Yield();
        }

        return await asked;
    }

    /// <summary>Begins an answer and holds it open until it is disposed.</summary>
    public async Task<IAsyncEnumerator<DecodeUpdate>> HoldAsync(string conversation)
    {
        var answer = Pool.GenerateAsync(new() { Prompt = new TextPrompt(conversation) }).GetAsyncEnumerator();
        Assert.True(await answer.MoveNextAsync());
        return answer;
    }

    public void Pass(double seconds) => Time.Advance(TimeSpan.FromSeconds(seconds));
}
