using System.Diagnostics;
using Hybrid.Models.Pull;
using Hybrid.Models.Store;
using Hybrid.Tests.Models.Pull;

namespace Hybrid.EndToEnd.Models;

/// <summary>Pulls in a process of their own, each killed with SIGKILL at a random byte, then resumed.</summary>
/// <remarks>40 of them; 200 where HYBRID_LONG_TESTS is 1.</remarks>
public class CrashMatrixTests
{
    private static readonly int Pulls = Environment.GetEnvironmentVariable("HYBRID_LONG_TESTS") == "1" ? 200 : 40;
    private const int Shard = 64 << 10;
    private const string Reference = "hf:owner/model-GGUF:Q8_0";
    private static readonly ModelName Name = ModelName.Parse("model:q8_0");

    [Fact]
    public async Task Killed_pulls_end_with_the_right_bytes_and_fetch_little_twice()
    {
        var again = new long[Pulls];
        await Parallel.ForAsync(0, Pulls, new ParallelOptions { MaxDegreeOfParallelism = Math.Max(2, Environment.ProcessorCount / 2) }, async (seed, _) =>
        {
            var folder = Directory.CreateTempSubdirectory("hybrid-crash").FullName;
            try
            {
                again[seed] = await CrashAsync(seed, folder);
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        });
        TestContext.Current.TestOutputHelper?.WriteLine($"{Pulls} pulls were killed and resumed; fetched again: {again.Sum()} bytes, at most {again.Max()}.");
    }

    /// <returns>Bytes that were sent twice.</returns>
    private static async Task<long> CrashAsync(int seed, string folder)
    {
        var random = new Random(seed);
        var bytes = HubRepository.Bytes(random.Next(Shard, 48 * Shard), seed);
        var connections = 1 << random.Next(4);
        await using var hub = new HubServer();
        await using var storage = new HubServer("127.0.0.2");
        var repository = new HubRepository(hub, storage) { Files = { ["m-Q8_0.gguf"] = bytes } };
        if (random.Next(4) == 0)
            repository.Tag = _ => "a tag that is no digest";
        var store = ModelStore.Open(Path.Combine(folder, "store"));
        using var child = ChildProcess.Start("tests/SecondProcess", "Hybrid.SecondProcess", "pull", store.Root, hub.Endpoint, Reference, $"{connections}", $"{Shard}");
        var killer = new Killer(child.Id, random.Next(1, bytes.Length + 1), () => IsNothing(store, seed));
        storage.Budget = killer.Allow;
        var ended = await child.EndAsync();
        Assert.True(ended.ExitCode == 137, $"Seed {seed}: the process ended with {ended.ExitCode} and was not killed. {ended.Errors}");
        IsNothing(store, seed);

        storage.Budget = piece =>
        {
            if (piece % 7 == 0) IsNothing(store, seed);
            return piece;
        };
        using var puller = new ModelPuller(store, new() { Connections = connections, ShardSize = Shard, Hub = new() { Endpoint = hub.Endpoint } });
        var manifest = await puller.PullAsync(ModelReference.Parse(Reference));
        Assert.Equal(Name, manifest.Name);
        Assert.Equal(HubRepository.Digest(bytes), Assert.Single(manifest.Files).Sha256);
        Assert.Equal(HubRepository.Digest(bytes), HubRepository.Digest(await File.ReadAllBytesAsync(store.PathOf(Name))));
        var again = storage.Served - bytes.Length;
        Assert.True(again >= 0 && again <= (long)connections * Shard, $"Seed {seed}: {again} bytes came again over {connections} connections.");
        return again;
    }

    private static void IsNothing(ModelStore store, int seed) => Assert.True(store.Find(Name) is null && store.List().Count == 0, $"Seed {seed}: the name stands for a model that is not whole.");

    /// <summary>Lets so many bytes go out, and kills the process that they go to.</summary>
    private sealed class Killer(int process, long at, Action look)
    {
        private readonly Lock _lock = new();
        private long _sent;
        private bool _dead;

        public int Allow(int piece)
        {
            lock (_lock)
            {
                if (_dead)
                    return 0;
                if (_sent + piece < at)
                {
                    _sent += piece;
                    return piece;
                }

                look();
                using var victim = Process.GetProcessById(process);
                victim.Kill();
                victim.WaitForExit();
                look();
                _dead = true;
                return (int)(at - _sent);
            }
        }
    }
}
