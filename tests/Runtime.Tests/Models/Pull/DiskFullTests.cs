using System.Diagnostics;
using Hybrid.Models.Pull;
using Hybrid.Models.Store;

namespace Hybrid.Tests.Models.Pull;

/// <summary>A real disk that is too small: a tmpfs of its own, where one may be mounted.</summary>
public sealed class DiskFullTests : IAsyncDisposable
{
    private const string Reference = "hf:owner/model-GGUF:Q8_0";
    private readonly HubServer _hub = new();
    private readonly PullPlace _place = new();
    private readonly string _disk;
    private readonly bool _mounted;
    private readonly byte[] _bytes = HubRepository.Bytes(40 * PullPlace.Shard, 51);

    public DiskFullTests()
    {
        _ = new HubRepository(_hub) { Files = { ["m-Q8_0.gguf"] = _bytes } };
        _disk = Directory.CreateDirectory(Path.Combine(_place.Folder, "disk")).FullName;
        _mounted = OperatingSystem.IsLinux() && Run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", _disk);
    }

    public async ValueTask DisposeAsync()
    {
        if (_mounted)
            Run("umount", "-l", _disk);
        await _hub.DisposeAsync();
        _place.Dispose();
    }

    [Fact]
    public async Task A_disk_that_is_too_small_says_so_before_anything_is_fetched()
    {
        Assert.SkipUnless(_mounted, "No file system may be mounted here.");
        var error = await Assert.ThrowsAsync<HybridException>(() => PullAsync(preallocate: true));
        Assert.Equal(HybridError.Storage, error.Error);
        Assert.Contains("is full: 2.5 MiB more are needed. Nothing was fetched.", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, Shards());
    }

    [Fact]
    public async Task A_disk_that_fills_up_keeps_what_it_has_and_goes_on_when_there_is_room()
    {
        Assert.SkipUnless(_mounted, "No file system may be mounted here.");
        var error = await Assert.ThrowsAsync<HybridException>(() => PullAsync(preallocate: false));
        Assert.Equal(HybridError.Storage, error.Error);
        Assert.Matches(@"is full: .* more are needed\. .* of 2\.5 MiB are kept\. Make room and pull again", error.Message);
        Assert.Empty(Store().List());

        Assert.True(Run("mount", "-o", "remount,size=8m", _disk));
        var before = Shards();
        var manifest = await PullAsync(preallocate: true);
        Assert.Equal(HubRepository.Digest(_bytes), HubRepository.Digest(await File.ReadAllBytesAsync(Store().PathOf(manifest.Name))));
        Assert.InRange(Shards() - before, 40 - 16, 40 - 4); // of 1 MiB, four shards in flight and the store's own files are not kept
    }

    private int Shards() => _hub.Asked.Count(request => request.Method == "GET" && request.Range is not null);

    private ModelStore Store() => ModelStore.Open(Path.Combine(_disk, "store"), null, _place.Time);

    private async Task<ModelManifest> PullAsync(bool preallocate)
    {
        using var puller = new ModelPuller(Store(), _place.Options with { Preallocate = preallocate, Hub = new() { Endpoint = _hub.Endpoint } });
        return await puller.PullAsync(ModelReference.Parse(Reference));
    }

    private static bool Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardError = true });
            process!.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
