using Hybrid.Configuration;
using Hybrid.Models.Store;
using Hybrid.Targets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Hybrid.Tests.Configuration;

/// <summary>The device's engine over a model of the store: resolved, compared with its digest, and kept there while it is loaded.</summary>
public sealed class StoredModelTests : IDisposable
{
    private static readonly ModelName Name = ModelName.Parse("tiny:q8_0");
    private readonly string _folder = Directory.CreateTempSubdirectory("hybrid-stored").FullName;
    private readonly ModelStore _store;
    private readonly RecordingFactory _factory = new();

    public StoredModelTests()
    {
        _store = ModelStore.Open(_folder);
        Put([1, 2, 3, 4]);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task It_is_leased_from_its_load_to_its_unload()
    {
        await using (var services = Services())
        {
            var target = Assert.Single(services.GetRequiredService<HybridChatClient>().GetService(typeof(IReadOnlyList<ITarget>)) as IReadOnlyList<ITarget> ?? []);
            Assert.Equal("tiny:q8_0", target.Descriptor.Model);
            Assert.False(_store.Find(Name)!.InUse);
            await target.WarmAsync(TestContext.Current.CancellationToken);
            Assert.True(_store.Find(Name)!.InUse);
            Assert.Equal([1, 2, 3, 4], await File.ReadAllBytesAsync(_factory.Path!, TestContext.Current.CancellationToken));
            Assert.Equal(HybridError.Busy, Assert.Throws<HybridException>(() => _store.Remove(Name)).Error);
        }

        Assert.False(_store.Find(Name)!.InUse);
    }

    [Fact]
    public async Task A_load_that_fails_leases_nothing()
    {
        _factory.Fails = true;
        await using var services = Services();
        var target = ((IReadOnlyList<ITarget>)services.GetRequiredService<HybridChatClient>().GetService(typeof(IReadOnlyList<ITarget>))!)[0];
        await Assert.ThrowsAsync<HybridException>(async () => await target.WarmAsync(TestContext.Current.CancellationToken));
        Assert.False(_store.Find(Name)!.InUse);
    }

    [Fact]
    public async Task Other_bytes_than_were_pulled_are_never_loaded()
    {
        var blob = _store.BlobPath(_store.Find(Name)!.Manifest!.Files[0].Sha256);
        File.SetAttributes(blob, FileAttributes.Normal);
        await File.WriteAllBytesAsync(blob, [1, 2, 3, 5], TestContext.Current.CancellationToken);
        await using var services = Services();
        var target = ((IReadOnlyList<ITarget>)services.GetRequiredService<HybridChatClient>().GetService(typeof(IReadOnlyList<ITarget>))!)[0];
        var error = await Assert.ThrowsAsync<HybridException>(async () => await target.WarmAsync(TestContext.Current.CancellationToken));
        Assert.Equal(HybridError.ModelFile, error.Error);
        Assert.Contains("Model 'tiny:q8_0' was not loaded", error.Message, StringComparison.Ordinal);
        Assert.Null(_factory.Path);
    }

    [Fact]
    public async Task One_that_is_not_there_is_told_when_it_is_asked()
    {
        await using var services = Services("store:none");
        var target = ((IReadOnlyList<ITarget>)services.GetRequiredService<HybridChatClient>().GetService(typeof(IReadOnlyList<ITarget>))!)[0];
        var error = await Assert.ThrowsAsync<HybridException>(async () => await target.WarmAsync(TestContext.Current.CancellationToken));
        Assert.Contains("There is no model 'none:latest' in the store", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_that_is_none_is_refused_at_start()
    {
        await using var services = Services("store:../etc");
        var error = Assert.Throws<HybridException>(() => services.GetRequiredService<HybridChatClient>());
        Assert.Contains("Hybrid:Local:ModelPath: 'store:../etc' names no model of the store: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_a_prefetcher_uses_are_learned_and_kept_with_the_store()
    {
        await using (var services = Services(("Hybrid:Models:Prefetch:Learn", "true")))
            await services.GetRequiredService<HybridChatClient>().GetResponseAsync([new(Microsoft.Extensions.AI.ChatRole.User, "x")], cancellationToken: TestContext.Current.CancellationToken);
        var kept = await File.ReadAllTextAsync(Path.Combine(_folder, "usage", "prefetch.json"), TestContext.Current.CancellationToken);
        Assert.Contains("\"device\"", kept, StringComparison.Ordinal);
    }

    private ServiceProvider Services(string location = "store:tiny:q8_0", params (string Key, string Value)[] more) => new ServiceCollection()
        .AddSingleton<ILocalTargetFactory>(_factory)
        .AddHybrid(new ConfigurationBuilder().AddInMemoryCollection(
            [new("Hybrid:Models:Root", _folder), new("Hybrid:Local:ModelPath", location), .. more.Select(one => KeyValuePair.Create(one.Key, (string?)one.Value))]).Build())
        .BuildServiceProvider();

    private ServiceProvider Services(params (string Key, string Value)[] more) => Services("store:tiny:q8_0", more);

    private void Put(byte[] bytes)
    {
        var sha256 = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes));
        File.WriteAllBytes(_store.PartialPath("k"), bytes);
        _store.Admit(_store.PartialPath("k"), sha256);
        _store.Commit(new() { Name = Name, Source = "file:test", Files = [new("model.gguf", bytes.Length, sha256)], PulledAt = TimeProvider.System.GetUtcNow() });
    }

    private sealed class RecordingFactory : ILocalTargetFactory
    {
        public string? Path { get; private set; }

        public bool Fails { get; set; }

        public ValueTask<ITarget> LoadAsync(LocalOptions options, CancellationToken cancellationToken = default)
        {
            if (Fails) throw new HybridException(HybridError.ModelFile, "It is damaged.");
            Path = options.ModelPath;
            return new(new ScriptedTarget("device", "so"));
        }
    }
}
