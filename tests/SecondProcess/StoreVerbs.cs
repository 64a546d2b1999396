using System.Security.Cryptography;
using Hybrid.Models.Store;

namespace Hybrid.SecondProcess;

/// <summary>A process that uses a store.</summary>
internal static class StoreVerbs
{
    /// <summary>Keeps a model.</summary>
    public static int Lease(string root, string name)
    {
        using var lease = ModelStore.Open(root).Use(ModelName.Parse(name));
        return Stay();
    }

    /// <summary>Keeps the turn to fetch something.</summary>
    public static async Task<int> LockAsync(string root, string key)
    {
        using var held = await ModelStore.Open(root).LockPartialAsync(key);
        return Stay();
    }

    /// <summary>Names, removes, uses and cleans up without end.</summary>
    public static int Churn(string root, int seed)
    {
        var random = new Random(seed);
        var store = ModelStore.Open(root);
        Console.WriteLine("ready");
        while (true)
        {
            var name = ModelName.Parse($"m{random.Next(4)}");
            try
            {
                switch (random.Next(6))
                {
                    case 0: store.Remove(name); break;
                    case 1: store.Collect(new() { Quota = 60_000 }); break;
                    case 2: store.Use(name).Dispose(); break;
                    default: Commit(store, name, random); break;
                }
            }
            catch (HybridException exception) when (exception.Error is HybridError.ModelFile or HybridError.Busy)
            {
                // There is none, or another process has it.
            }
        }
    }

    private static void Commit(ModelStore store, ModelName name, Random random)
    {
        var files = new List<ModelFile>();
        for (var part = 1; part <= 2; part++)
        {
            var bytes = new byte[random.Next(1, 20_000)];
            random.NextBytes(bytes);
            var sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes));
            var partial = store.PartialPath($"{sha256}.{Environment.ProcessId}");
            File.WriteAllBytes(partial, bytes);
            store.Admit(partial, sha256);
            files.Add(new($"m-{part:D5}-of-00002.gguf", bytes.Length, sha256));
        }

        store.Commit(new() { Name = name, Source = "churn", Files = files, PulledAt = TimeProvider.System.GetUtcNow() });
    }

    private static int Stay()
    {
        Console.WriteLine("ready");
        while (Console.ReadLine() is not null)
        {
            // Until the test is over.
        }

        return 0;
    }
}
