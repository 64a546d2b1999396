using Hybrid.Models.Pull;
using Hybrid.Models.Store;

namespace Hybrid.Tests.Models.Pull;

/// <summary>A store in a folder of its own, and what is needed to pull into it without ever waiting.</summary>
internal sealed class PullPlace : IDisposable
{
    public const int Shard = 64 << 10;
    public static readonly TimeSpan Stall = TimeSpan.FromSeconds(30);

    public PullPlace()
    {
        Folder = Directory.CreateTempSubdirectory("hybrid-pull").FullName;
        Time = new(Stall);
        Store = Open();
        Options = new()
        {
            Connections = 4,
            ShardSize = Shard,
            StallTimeout = Stall,
            Hub = new(),
            TimeProvider = Time,
            Randomizer = () => 0.5,
        };
    }

    public string Folder { get; }

    public PatientTime Time { get; }

    public ModelStore Store { get; }

    public PullOptions Options { get; set; }

    /// <summary>All that was told of pulls.</summary>
    public Told Heard { get; } = new();

    public IReadOnlyList<string> Partials => [.. Directory.EnumerateFiles(Path.Combine(Folder, "store", "partial")).Where(path => !path.EndsWith(".lock", StringComparison.Ordinal))];

    /// <summary>By the system's clock: on that of the pulls, whoever waits for another one's turn would be out of patience at once.</summary>
    public ModelStore Open() => ModelStore.Open(Path.Combine(Folder, "store"));

    /// <summary>Pulls from a hub.</summary>
    public async Task<ModelManifest> PullAsync(HubServer hub, string reference, Func<PullOptions, PullOptions>? change = null, CancellationToken cancellationToken = default)
    {
        var options = Options with { Hub = Options.Hub with { Endpoint = hub.Endpoint } };
        using var puller = new ModelPuller(Store, change?.Invoke(options) ?? options);
        return await puller.PullAsync(ModelReference.Parse(reference), Heard, cancellationToken);
    }

    /// <summary>That a model is in the store, whole and with these bytes.</summary>
    public void Has(ModelManifest manifest, params byte[][] files)
    {
        var stored = Store.Find(manifest.Name)?.Manifest;
        Assert.NotNull(stored);
        Assert.Equal(files.Select(HubRepository.Digest), stored.Files.Select(file => file.Sha256));
        Assert.Equal(files[0], File.ReadAllBytes(Store.PathOf(manifest.Name)));
        foreach (var (file, bytes) in stored.Files.Zip(files))
            Assert.Equal(bytes, File.ReadAllBytes(Store.BlobPath(file.Sha256)));
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    internal sealed class Told : IProgress<PullProgress>
    {
        private readonly List<PullProgress> _all = [];

        public IReadOnlyList<PullProgress> All
        {
            get
            {
                lock (_all) return [.. _all];
            }
        }

        public void Report(PullProgress value)
        {
            lock (_all) _all.Add(value);
        }
    }
}
