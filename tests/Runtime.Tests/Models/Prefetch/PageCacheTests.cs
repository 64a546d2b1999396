using Hybrid.Models.Gguf;
using Hybrid.Models.Prefetch;

namespace Hybrid.Tests.Models.Prefetch;

/// <summary>Over a real file; where the file system keeps everything in memory (tmpfs) there is nothing to evict.</summary>
public sealed class PageCacheTests : IDisposable
{
    private const int Length = (8 << 20) + 123;
    private readonly string _path = Path.Combine(Directory.CreateTempSubdirectory("hybrid-pages").FullName, "file");

    public PageCacheTests()
    {
        foreach (var path in new[] { _path, _path + "2" })
        {
            using var file = new FileStream(path, FileMode.Create);
            file.Write(new byte[Length]);
            file.Flush(flushToDisk: true); // only what is written can be evicted
        }
    }

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_path)!, recursive: true);

    [Fact]
    public async Task What_is_evicted_is_not_resident_and_what_is_read_is()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux alone tells.");
        Assert.True(PageCache.Evict(_path));
        Assert.SkipWhen(PageCache.ResidentShare(_path) > 0.9, "The temporary folder keeps its files in memory.");
        Assert.InRange(PageCache.ResidentShare(_path)!.Value, 0, 0.1);
        Assert.InRange(PageCache.ResidentShare([_path, _path + "2"])!.Value, 0.4, 0.6);
        using var read = ParallelRead.Start([_path, _path + "2"], 4, TestContext.Current.CancellationToken);
        await read.Completion.WaitAsync(TestContext.Current.CancellationToken);
        Assert.Equal((2L * Length, 1.0), (read.BytesRead, PageCache.ResidentShare([_path, _path + "2"])!.Value));
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_nobodys_failure()
    {
        Assert.Null(PageCache.ResidentShare(_path + "x"));
        using var read = ParallelRead.Start([_path + "x"], 2, TestContext.Current.CancellationToken);
        await read.Completion.WaitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, read.BytesRead);
    }

    [Fact]
    public void An_empty_file_is_all_there()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux alone tells.");
        File.WriteAllBytes(_path, []);
        Assert.Equal(1, PageCache.ResidentShare(_path));
    }

    [Theory]
    [InlineData(531 << 20, 0.0, 0, true)]
    [InlineData(531 << 20, 0.5, 0, true)]
    [InlineData(531 << 20, 0.6, 0, false)] // most of it is there
    [InlineData(531 << 20, null, 0, false)] // nobody knows
    [InlineData(100 << 20, 0.0, 0, false)] // small
    [InlineData(531 << 20, 0.0, 400 << 20, false)] // the processor is what the load waits for
    [InlineData(1900 << 20, 0.0, 0, false)] // would not stay in memory
    public void A_file_is_read_beside_its_load_where_that_pays(long length, double? resident, long repacked, bool reads) =>
        Assert.Equal(reads, ColdLoad.IsWorth(length, resident, new GgufWeights(length, length, repacked), memory: 1L << 30));
}
