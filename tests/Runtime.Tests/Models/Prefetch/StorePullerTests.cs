using Hybrid.Models;
using Hybrid.Models.Prefetch;
using Hybrid.Models.Pull;
using Hybrid.Models.Store;

namespace Hybrid.Tests.Models.Prefetch;

/// <summary>A model of the store that is fetched ahead by the real puller, from a file, and primed.</summary>
public sealed class StorePullerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hybrid-ahead").FullName;
    private readonly ModelStore _store;
    private readonly ModelFiles _files;
    private readonly StorePuller _puller;

    public StorePullerTests()
    {
        _store = ModelStore.Open(Path.Combine(_folder, "store"));
        _files = new(() => _store);
        _puller = new(_files, () => new PullOptions { Hub = new() });
    }

    private string Source => Path.Combine(_folder, "source.gguf");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task It_is_fetched_under_its_name_counted_and_primed()
    {
        await File.WriteAllBytesAsync(Source, new byte[300_000], TestContext.Current.CancellationToken);
        var model = new PrefetchedModel("mine:q8_0", "store:mine:q8_0", _files) { Fetcher = _puller, Reference = "file:" + Source };
        Assert.Equal((PrefetchLevel.None, 0L), (model.Level, model.FileBytes));
        Assert.Equal(300_000, await model.MissingBytesAsync(TestContext.Current.CancellationToken));
        var came = 0L;
        await model.FetchAsync(null, bytes => Interlocked.Add(ref came, bytes), TestContext.Current.CancellationToken);
        Assert.Equal((300_000, 300_000), (came, model.FileBytes));
        Assert.NotEqual(PrefetchLevel.None, model.Level);
        Assert.Equal("mine:q8_0", _store.Find(ModelName.Parse("mine:q8_0"))!.Name.ToString());
        await model.PrimeAsync(2, TestContext.Current.CancellationToken);
        Assert.Equal(PrefetchLevel.Primed, model.Level);
    }

    [Fact]
    public async Task Whoever_pulls_is_seen()
    {
        Assert.Equal(0, _puller.Pulls);
        using (await _store.LockPartialAsync("some-model", TestContext.Current.CancellationToken)) Assert.Equal(1, _puller.Pulls);
        Assert.Equal(0, _puller.Pulls);
    }

    [Fact]
    public async Task Without_a_word_on_where_from_nothing_is_fetched()
    {
        var model = new PrefetchedModel("mine:q8_0", "store:mine:q8_0", _files) { Fetcher = _puller };
        var error = await Assert.ThrowsAsync<HybridException>(async () => await model.MissingBytesAsync(TestContext.Current.CancellationToken));
        Assert.Contains("nobody says where it is pulled from", error.Message, StringComparison.Ordinal);
        var file = new PrefetchedModel("device", Source, _files) { Fetcher = _puller, Reference = "file:" + Source };
        error = await Assert.ThrowsAsync<HybridException>(async () => await file.MissingBytesAsync(TestContext.Current.CancellationToken));
        Assert.Contains("it is a file of its own", error.Message, StringComparison.Ordinal);
        Assert.Equal("hf:Qwen/Qwen3-0.6B-GGUF:Q8_0", PrefetchedModel.CatalogueReference(ModelName.Parse("qwen3-0.6b:q8_0"), Hybrid.Models.Catalogue.KnownModels.BuiltIn));
        Assert.Null(PrefetchedModel.CatalogueReference(ModelName.Parse("qwen3-0.6b:q4_0"), Hybrid.Models.Catalogue.KnownModels.BuiltIn));
    }
}
