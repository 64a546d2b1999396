using System.Security.Cryptography;
using System.Text;
using Hybrid.Models.Store;
using Hybrid.Storage;

namespace Hybrid.Tests.Models.Store;

/// <summary>A folder for one test's store, and short ways to put models into it.</summary>
internal sealed class StoreFolder : IDisposable
{
    // Thousands of stores are made by some tests, and what they flush is watched there by other means: memory will do where there is such a folder.
    private static readonly string Parent = Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();

    private readonly string _folder = Directory.CreateDirectory(Path.Combine(Parent, "hybrid-store-" + Guid.NewGuid().ToString("N"))).FullName;

    public string Root => Path.Combine(_folder, "models");

    public ManualTimeProvider Time { get; } = new();

    public string Outside(string name) => Path.Combine(_folder, name);

    public ModelStore Open(ModelStoreOptions? options = null, IDisk? disk = null) => ModelStore.Open(Root, options, Time, disk ?? Disk.Real);

    public static string Digest(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>Takes bytes in as a puller does.</summary>
    public static ModelFile Add(ModelStore store, string path, byte[] bytes)
    {
        var sha256 = Digest(bytes);
        var partial = store.PartialPath(sha256);
        File.WriteAllBytes(partial, bytes);
        store.Admit(partial, sha256);
        return new(path, bytes.Length, sha256);
    }

    public ModelManifest Manifest(string name, params ModelFile[] files) =>
        new() { Name = ModelName.Parse(name), Source = "test:" + name, Files = files, PulledAt = Time.GetUtcNow() };

    /// <summary>A model of one file whose bytes are those of a text.</summary>
    public ModelManifest Commit(ModelStore store, string name, string text)
    {
        var manifest = Manifest(name, Add(store, "model.gguf", Bytes(text)));
        store.Commit(manifest);
        return manifest;
    }

    /// <summary>What is wrong with the one rule of a store: a name stands for a whole, right model or for nothing.</summary>
    public static void RequireWhole(ModelStore store)
    {
        foreach (var model in store.List())
        {
            Assert.Null(model.Problem);
            Assert.Equal(model.Manifest!.Files[0].Sha256, Digest(File.ReadAllBytes(store.PathOf(model.Name))));
            foreach (var file in model.Manifest.Files.Where(file => file.Outside is null))
                Assert.Equal(file.Sha256, Digest(File.ReadAllBytes(store.BlobPath(file.Sha256))));
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
