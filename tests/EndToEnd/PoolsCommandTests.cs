using System.Text.Json;
using Hybrid.Accounting;
using Hybrid.CloudConnector;
using Hybrid.EndToEnd.Streaming;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Hybrid.EndToEnd;

/// <summary><c>hybrid pools</c> against a worker in a process of its own, over gRPC and over HTTP, beside a replica that is not there.</summary>
public sealed class PoolsCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hybrid-pools").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task It_says_how_every_replica_is_wakes_them_and_finds_out_what_they_can_do()
    {
        await using var pool = await RealPool.StartAsync(Repository.CloudModel, null, "--cold-start", "1ms");
        var config = Path.Combine(_folder, "pools.json");
        await File.WriteAllTextAsync(config, $$"""
            { "Hybrid": { "Pools": {
                "cloud": { "Zone": "site", "Model": "cloud", "Settings": { "ConnectTimeout": "{{RealPool.Patience}}" }, "Replicas": { "a": { "Endpoint": "{{pool.Worker.Grpc}}" }, "gone": { "Endpoint": "http://127.0.0.1:9" } } },
                "http": { "Type": "openai", "Zone": "site", "Model": "hybrid-cloud-q8_0", "Json": true, "Settings": { "ConnectTimeout": "{{RealPool.Patience}}" }, "Endpoint": "{{pool.Worker.Http}}" } } } }
            """, TestContext.Current.CancellationToken);

        Assert.Equal([("cloud/a", "cold"), ("cloud/gone", "unavailable")], (await PoolsAsync(0, "list", "--config", config)).Select(Named).Take(2));
        Assert.Equal([("cloud/a", "warm")], (await PoolsAsync(0, "warm", "cloud/a", "--config", config)).Select(Named));
        Assert.Equal([("cloud/gone", "unavailable")], (await PoolsAsync(1, "warm", "cloud/gone", "--config", config)).Select(Named));

        foreach (var (name, lacks) in new[] { ("cloud/a", (string[])[]), ("http", ["tells token ids", "tells log-probabilities"]) })
        {
            var features = (await PoolsAsync(0, "probe", name, "--config", config))[0].GetProperty("features").EnumerateArray()
                .ToDictionary(feature => feature.GetProperty("feature").GetString()!, feature => feature.GetProperty("works").ValueKind == JsonValueKind.True);
            Assert.Equal(11, features.Count);
            Assert.Equal(lacks, features.Where(feature => !feature.Value && feature.Key != "can be cancelled").Select(feature => feature.Key)); // that within a second, which a busy machine may miss
        }

        var unknown = await ChildProcess.RunAsync("src/Cli", "hybrid", ["pools", "probe", "moon", "--config", config]);
        Assert.Equal((2, "There is no pool 'moon'. There are cloud/a, cloud/gone, http."), (unknown.ExitCode, unknown.Errors.Trim()));
    }

    [Fact]
    public async Task It_tells_what_an_app_that_runs_says_of_its_pool_and_drains_a_replica_of_it()
    {
        await using var pool = await RealPool.StartAsync(Repository.CloudModel, null);
        await pool.Target.WarmAsync(TestContext.Current.CancellationToken); // one that is found loading is left alone for a while
        var config = Path.Combine(_folder, "pools.json");
        await File.WriteAllTextAsync(config, $$"""
            { "Hybrid": { "PoolBoardPath": {{JsonSerializer.Serialize(Path.Combine(_folder, "board"))}}, "Pools": {
                "cloud": { "Zone": "site", "Model": "cloud", "Replicas": { "a": { "Endpoint": "{{pool.Worker.Grpc}}" }, "b": { "Endpoint": "{{pool.Worker.Grpc}}" } } } } } }
            """, TestContext.Current.CancellationToken);
        await using var app = new ServiceCollection().AddLogging().AddHybrid(new ConfigurationBuilder().AddJsonFile(config).Build()).AddCloudConnector().BuildServiceProvider();
        var client = app.GetRequiredService<HybridChatClient>();

        var asked = await AskAsync();
        var seen = await SeenAsync(place => place.GetProperty("answered").GetInt64() > 0);
        Assert.Equal(asked, seen.Name);
        Assert.True(seen.Said.GetProperty("firstToken").GetProperty("p50").GetDouble() > 0);
        Assert.True(seen.Said.GetProperty("perToken").GetProperty("p99").GetDouble() > 0);

        var drained = await ChildProcess.RunAsync("src/Cli", "hybrid", ["pools", "drain", asked, "--config", config]);
        Assert.True(drained.ExitCode == 0, drained.Errors);
        Assert.Equal($"{asked} is drained: no request runs there. 'hybrid pools drain {asked} --undo' takes it in again.", drained.Output.Trim());
        Assert.NotEqual(asked, await AskAsync());
        Assert.Equal(asked, (await SeenAsync(place => place.GetProperty("drained").GetBoolean())).Name);

        await ChildProcess.RunAsync("src/Cli", "hybrid", ["pools", "drain", asked, "--undo", "--config", config]);
        Assert.Equal(asked, (await SeenAsync(place => place.GetProperty("answered").GetInt64() > 1 && place.GetProperty("name").GetString() == asked["cloud/".Length..])).Name);

        // The same conversation goes to the same replica, while it is there.
        async Task<string> AskAsync()
        {
            await foreach (var update in client.GetStreamingResponseAsync("How do I bleed the pump?", new() { MaxOutputTokens = 8 }))
            {
                if (update.AdditionalProperties?.TryGetValue(HybridUpdateKeys.Receipt, out var receipt) == true) return $"cloud/{((RequestReceipt)receipt!).Segments[0].Replica}";
            }

            throw new InvalidOperationException("No receipt came.");
        }

        async Task<(string Name, JsonElement Said)> SeenAsync(Func<JsonElement, bool> wanted)
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3)); // for a hang: each look is a process
            while (true)
            {
                limit.Token.ThrowIfCancellationRequested();
                foreach (var place in await PoolsAsync(0, "list", "--config", config))
                {
                    foreach (var said in place.GetProperty("seen").EnumerateArray().Where(said => said.GetProperty("process").GetInt32() == Environment.ProcessId && wanted(said.GetProperty("replica"))))
                        return (place.GetProperty("name").GetString()!, said.GetProperty("replica"));
                }

                await AskAsync();
            }
        }
    }

    private static (string Name, string State) Named(JsonElement place) => (place.GetProperty("name").GetString()!, place.GetProperty("state").GetString()!);

    private static async Task<JsonElement[]> PoolsAsync(int exitCode, params string[] arguments)
    {
        var run = await ChildProcess.RunAsync("src/Cli", "hybrid", ["pools", .. arguments, "--json"]);
        Assert.True(run.ExitCode == exitCode, run.Errors);
        using var report = JsonDocument.Parse(run.Output);
        return [.. report.RootElement.GetProperty("pools").EnumerateArray().Select(place => place.Clone())];
    }
}
