using Hybrid.Models.Store;
using Hybrid.Tests.Models.Gguf;

namespace Hybrid.Tests.Models.Store;

public sealed class ImportTests : IDisposable
{
    private const string Repository = "owner/name-GGUF";
    private static readonly ModelName Name = ModelName.Parse("m");
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Hub => _folder.Outside("hub");

    [Fact]
    public async Task A_local_file_is_used_where_it_is_and_stays_when_its_name_goes()
    {
        var path = Write("tiny.gguf");
        var store = _folder.Open();
        var manifest = await store.ImportAsync(Name, path);
        Assert.Equal((path, "file:" + path, StoreFolder.Digest(File.ReadAllBytes(path))), (manifest.Files[0].Outside!.Path, manifest.Source, manifest.Files[0].Sha256));
        Assert.Equal(File.ReadAllBytes(path), File.ReadAllBytes(store.PathOf(Name)));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_folder.Root, "blobs"), "*", SearchOption.AllDirectories));
        Assert.Empty(await _folder.Open().VerifyAsync(Name));
        Assert.Equal(0, store.Collect(new() { Quota = 1 }).FreedBytes);
        store.Remove(Name);
        Assert.True(File.Exists(path));
    }

    [Fact]
    public async Task A_file_that_was_changed_later_is_refused_until_it_is_imported_again()
    {
        var path = Write("tiny.gguf");
        var store = _folder.Open();
        await store.ImportAsync(Name, path);
        var time = File.GetLastWriteTimeUtc(path);
        File.WriteAllBytes(path, TinyModel.With("general.name", 8, "other"));
        Assert.Null(store.Find(Name));
        Assert.Contains("was changed", Assert.Throws<HybridException>(() => store.Use(Name)).Message, StringComparison.Ordinal);
        await store.ImportAsync(Name, path);
        Assert.NotNull(store.Find(Name));
        var bytes = File.ReadAllBytes(path);
        bytes[^100] ^= 1;
        time = File.GetLastWriteTimeUtc(path);
        File.WriteAllBytes(path, bytes);
        File.SetLastWriteTimeUtc(path, time);
        Assert.Contains("was changed since", Assert.Single(await store.VerifyAsync(Name)), StringComparison.Ordinal);
        File.Delete(path);
        Assert.Contains("is gone", Assert.Single(store.List()).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_split_model_is_imported_by_its_first_part()
    {
        for (var part = 0; part < 3; part++)
            File.WriteAllBytes(_folder.Outside($"t-{part + 1:D5}-of-00003.gguf"), TinyModel.Part(part, 3));
        var store = _folder.Open();
        var manifest = await store.ImportAsync(Name, _folder.Outside("t-00001-of-00003.gguf"));
        Assert.Equal(["t-00001-of-00003.gguf", "t-00002-of-00003.gguf", "t-00003-of-00003.gguf"], manifest.Files.Select(file => file.Path));
        Assert.Equal(3, Directory.EnumerateFiles(Path.GetDirectoryName(store.PathOf(Name))!).Count());
    }

    [Fact]
    public async Task What_is_missing_damaged_or_not_what_was_meant_changes_nothing()
    {
        var store = _folder.Open();
        var path = Write("tiny.gguf");
        await RefusedAsync("does not exist", store.ImportAsync(Name, _folder.Outside("none.gguf")));
        await RefusedAsync("it is another file, or damaged", store.ImportAsync(Name, path, new string('0', 64)));
        var cut = File.ReadAllBytes(path);
        Array.Clear(cut, cut.Length / 2, cut.Length - (cut.Length / 2));
        File.WriteAllBytes(path, cut);
        await RefusedAsync("are zeros", store.ImportAsync(Name, path));
        await store.ImportAsync(ModelName.Parse("meant"), path, StoreFolder.Digest(cut));
        Assert.Equal(["meant:latest"], store.List().Select(model => model.Name.ToString()));
    }

    [Fact]
    public async Task A_file_of_a_hugging_face_cache_is_used_there()
    {
        var bytes = TinyModel.Create().Bytes;
        Cache("sub/tiny.gguf", bytes, StoreFolder.Digest(bytes));
        var cache = new HuggingFaceCache(Hub);
        var found = cache.Find(Repository, "sub/tiny.gguf")!;
        Assert.Equal((Repository, "sub/tiny.gguf", "c0ffee", bytes.LongLength), (found.Repository, found.File, found.Commit, found.Size));
        Assert.Equal(found, cache.Find(Repository, "sub/tiny.gguf", "c0ffee"));
        Assert.Equal([found], cache.List());
        var store = _folder.Open();
        var manifest = await store.ImportAsync(Name, cache, Repository, "sub/tiny.gguf");
        Assert.Equal(("c0ffee", $"hf:{Repository}/sub/tiny.gguf"), (manifest.Revision, manifest.Source));
        Assert.Equal(bytes, File.ReadAllBytes(store.PathOf(Name)));
    }

    [Fact]
    public async Task A_blob_of_the_cache_that_is_not_what_its_name_says_is_refused()
    {
        Cache("tiny.gguf", TinyModel.Create().Bytes, new string('1', 64));
        await RefusedAsync("it is another file, or damaged", _folder.Open().ImportAsync(Name, new HuggingFaceCache(Hub), Repository, "tiny.gguf"));
    }

    [Fact]
    public void What_the_cache_does_not_have_or_leads_out_of_it_is_not_found_and_tricks_are_refused()
    {
        Cache("tiny.gguf", [1], new string('1', 64));
        var cache = new HuggingFaceCache(Hub);
        Assert.Null(cache.Find(Repository, "other.gguf"));
        Assert.Null(cache.Find(Repository, "tiny.gguf", "v2"));
        Assert.Null(cache.Find("owner/none", "tiny.gguf"));
        File.WriteAllText(_folder.Outside("secret.gguf"), "secret");
        File.CreateSymbolicLink(Path.Combine(Hub, "models--owner--name-GGUF", "snapshots", "c0ffee", "link.gguf"), _folder.Outside("secret.gguf"));
        Assert.Null(cache.Find(Repository, "link.gguf"));
        Assert.Equal(["tiny.gguf"], cache.List().Select(file => file.File));
        foreach (var (repository, file, revision) in new[] { ("../x", "a", "main"), ("a/b/c", "a", "main"), ("a--b", "a", "main"), ("a/b", "../../a", "main"), ("a/b", "a", "../main"), ("a/b", "/a", "main") })
            Assert.Equal(HybridError.InvalidRequest, Assert.Throws<HybridException>(() => cache.Find(repository, file, revision)).Error);
    }

    [Fact]
    public void The_cache_is_where_the_environment_says()
    {
        var set = new Dictionary<string, string>(StringComparer.Ordinal);
        string Folder() => HuggingFaceCache.From(name => set.GetValueOrDefault(name), Path.GetFullPath("/home/me")).Folder;
        Assert.Equal(Path.GetFullPath("/home/me/.cache/huggingface/hub"), Folder());
        set["XDG_CACHE_HOME"] = Path.GetFullPath("/xdg");
        Assert.Equal(Path.GetFullPath("/xdg/huggingface/hub"), Folder());
        set["HF_HOME"] = Path.GetFullPath("/hf");
        Assert.Equal(Path.GetFullPath("/hf/hub"), Folder());
        set["HF_HUB_CACHE"] = Path.GetFullPath("/cache");
        Assert.Equal(Path.GetFullPath("/cache"), Folder());
    }

    private void Cache(string file, byte[] bytes, string blob)
    {
        var repository = Path.Combine(Hub, "models--owner--name-GGUF");
        var link = Path.Combine([repository, "snapshots", "c0ffee", .. file.Split('/')]);
        foreach (var folder in new[] { Path.Combine(repository, "blobs"), Path.Combine(repository, "refs"), Path.GetDirectoryName(link)! })
            Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(repository, "refs", "main"), "c0ffee");
        File.WriteAllBytes(Path.Combine(repository, "blobs", blob), bytes);
        File.CreateSymbolicLink(link, Path.Combine([.. Enumerable.Repeat("..", file.Split('/').Length + 1), "blobs", blob]));
    }

    private string Write(string name)
    {
        File.WriteAllBytes(_folder.Outside(name), TinyModel.Create().Bytes);
        return _folder.Outside(name);
    }

    private static async Task RefusedAsync(string words, Task<ModelManifest> import)
    {
        var error = await Assert.ThrowsAsync<HybridException>(() => import);
        Assert.Equal(HybridError.ModelFile, error.Error);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }
}
