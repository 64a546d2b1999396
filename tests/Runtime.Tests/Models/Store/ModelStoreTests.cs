using Hybrid.Models.Store;

namespace Hybrid.Tests.Models.Store;

public sealed class ModelStoreTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_committed_model_is_found_by_another_instance_with_all_that_was_said_of_it()
    {
        var store = _folder.Open();
        var manifest = _folder.Manifest("Tiny:Q8", StoreFolder.Add(store, "sub/model.gguf", [1, 2, 3]), StoreFolder.Add(store, "extra.json", [4])) with
        {
            Revision = "abc",
            Licence = "MIT \"quoted\" é",
        };
        store.Commit(manifest);
        var other = _folder.Open();
        var found = other.Find(ModelName.Parse("tiny:q8"))!;
        Assert.Equal(manifest with { Files = found.Manifest!.Files }, found.Manifest);
        Assert.Equal(manifest.Files, found.Manifest.Files);
        Assert.Equal((false, false, manifest.PulledAt), (found.Pinned, found.InUse, found.LastUsed));
        Assert.Equal([1, 2, 3], File.ReadAllBytes(other.PathOf(manifest.Name)));
        Assert.EndsWith(Path.Combine("sub", "model.gguf"), other.PathOf(manifest.Name), StringComparison.Ordinal);
        Assert.Equal([manifest.Name], other.List().Select(model => model.Name));
        Assert.Null(other.Find(ModelName.Parse("tiny")));
    }

    [Fact]
    public void A_blob_is_taken_once_and_again_without_harm()
    {
        var store = _folder.Open();
        var file = StoreFolder.Add(store, "a", [1, 2, 3]);
        Assert.True(store.Has(file.Sha256));
        Assert.False(File.Exists(store.PartialPath(file.Sha256)));
        Assert.Equal(file, StoreFolder.Add(store, "a", [1, 2, 3]));
        store.Admit(store.PartialPath(file.Sha256), file.Sha256);
        Assert.Equal([1, 2, 3], File.ReadAllBytes(store.BlobPath(file.Sha256)));
        Assert.False(store.Has(StoreFolder.Digest([9])));
    }

    [Fact]
    public void A_blob_that_was_cut_short_on_the_disk_is_replaced()
    {
        var store = _folder.Open();
        var file = StoreFolder.Add(store, "a", [1, 2, 3]);
        File.Delete(store.BlobPath(file.Sha256));
        File.WriteAllBytes(store.BlobPath(file.Sha256), [1]);
        StoreFolder.Add(store, "a", [1, 2, 3]);
        Assert.Equal([1, 2, 3], File.ReadAllBytes(store.BlobPath(file.Sha256)));
    }

    [Fact]
    public void Nothing_is_committed_whose_bytes_are_not_there()
    {
        var store = _folder.Open();
        var file = StoreFolder.Add(store, "a", [1, 2, 3]);
        Refused(HybridError.Storage, "not all there", () => store.Commit(_folder.Manifest("m", file, new ModelFile("b", 1, StoreFolder.Digest([7])))));
        Refused(HybridError.Storage, "not all there", () => store.Commit(_folder.Manifest("m", file with { Size = 4 })));
        Assert.Empty(store.List());
    }

    public static TheoryData<string, string> BadManifests => new()
    {
        { "none", "lists 0 files" },
        { "path", "leads elsewhere" },
        { "twice", "is there twice" },
        { "folder", "the folder of another" },
        { "size", "a size of 0" },
        { "digest", "no SHA-256" },
        { "capitals", "no SHA-256" },
        { "relative", "no absolute path" },
        { "second-part", "opened at part 1" },
        { "missing-part", "part 2 of 3" },
        { "huge", "larger than any disk" },
    };

    [Theory]
    [MemberData(nameof(BadManifests))]
    public void A_manifest_that_breaks_a_rule_is_refused_in_words(string fault, string words)
    {
        var store = _folder.Open();
        var file = StoreFolder.Add(store, "a", [1, 2, 3]);
        ModelFile[] files = fault switch
        {
            "none" => [],
            "path" => [file with { Path = "../a" }],
            "twice" => [file, file with { Path = "A" }],
            "folder" => [file, file with { Path = "a/b" }],
            "size" => [file with { Size = 0 }],
            "digest" => [file with { Sha256 = "12" }],
            "capitals" => [file with { Sha256 = file.Sha256.ToUpperInvariant() }],
            "relative" => [file with { Outside = new("a", default) }],
            "second-part" => [file with { Path = "m-00002-of-00002.gguf" }],
            "missing-part" => [file with { Path = "m-00001-of-00003.gguf" }, file with { Path = "m-00003-of-00003.gguf" }],
            _ => [file with { Size = long.MaxValue }, file with { Path = "b", Size = long.MaxValue }],
        };
        Refused(HybridError.InvalidRequest, words, () => store.Commit(_folder.Manifest("m", files)));
        Assert.Empty(store.List());
    }

    [Fact]
    public void The_parts_of_a_split_model_stand_side_by_side()
    {
        var store = _folder.Open();
        store.Commit(_folder.Manifest("split", StoreFolder.Add(store, "m-00001-of-00002.gguf", [1]), StoreFolder.Add(store, "m-00002-of-00002.gguf", [2])));
        var path = store.PathOf(ModelName.Parse("split"));
        Assert.Equal("m-00001-of-00002.gguf", Path.GetFileName(path));
        Assert.Equal([2], File.ReadAllBytes(Path.Combine(Path.GetDirectoryName(path)!, "m-00002-of-00002.gguf")));
    }

    [Fact]
    public void Links_that_were_lost_or_bent_are_made_again()
    {
        var store = _folder.Open();
        _folder.Commit(store, "m", "right");
        var path = store.PathOf(ModelName.Parse("m"));
        File.Delete(path);
        Assert.Equal(path, store.PathOf(ModelName.Parse("m")));
        Assert.Equal("right", File.ReadAllText(path));
        File.Delete(path);
        File.WriteAllText(_folder.Outside("wrong"), "wrong");
        File.CreateSymbolicLink(path, _folder.Outside("wrong"));
        Assert.Equal("right", File.ReadAllText(store.PathOf(ModelName.Parse("m"))));
        Assert.Equal("wrong", File.ReadAllText(_folder.Outside("wrong")));
    }

    [Fact]
    public void A_name_whose_bytes_went_away_stands_for_nothing()
    {
        var store = _folder.Open();
        var manifest = _folder.Commit(store, "m", "bytes");
        File.Delete(store.BlobPath(manifest.Files[0].Sha256));
        Assert.Null(store.Find(manifest.Name));
        Refused(HybridError.ModelFile, "not all there", () => store.PathOf(manifest.Name));
        Assert.Contains("not all there", Assert.Single(store.List()).Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"name\":\"other\"}")]
    [InlineData("{\"name\":\"m\",\"source\":\"s\",\"pulledAt\":\"today\",\"files\":[]}")]
    [InlineData("{\"name\":\"m\",\"source\":\"s\",\"pulledAt\":\"2026-01-01T00:00:00.0000000+00:00\",\"files\":[{\"path\":\"../../a\",\"size\":1,\"sha256\":\"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb\"}]}")]
    public void A_damaged_or_planted_manifest_stands_for_nothing_and_says_so(string json)
    {
        var store = _folder.Open();
        var name = _folder.Commit(store, "m", "bytes").Name;
        File.WriteAllText(Path.Combine(_folder.Root, "names", "m", "latest.json"), json);
        Assert.Null(store.Find(name));
        Refused(HybridError.ModelFile, "manifest cannot be used", () => store.Use(name));
        Assert.Contains("manifest cannot be used", Assert.Single(store.List()).Problem, StringComparison.Ordinal);
        store.Remove(name);
        Assert.Empty(store.List());
    }

    [Theory]
    [InlineData("blobs/sha256/{0}")]
    [InlineData("names/m")]
    [InlineData("partial")]
    public void Nothing_is_written_through_a_link_that_somebody_planted(string place)
    {
        var store = _folder.Open();
        var sha256 = StoreFolder.Digest([5, 5]);
        var at = Path.Combine([_folder.Root, .. string.Format(null, place, sha256[..2]).Split('/')]);
        var elsewhere = Directory.CreateDirectory(_folder.Outside("elsewhere")).FullName;
        if (Directory.Exists(at))
            Directory.Delete(at);
        Directory.CreateSymbolicLink(at, elsewhere);
        Refused(HybridError.Storage, "is a link", () => store.Commit(_folder.Manifest("m", StoreFolder.Add(store, "a", [5, 5]))));
        Assert.Empty(Directory.EnumerateFileSystemEntries(elsewhere));
    }

    [Fact]
    public void Only_what_stands_among_the_unfinished_is_taken_in()
    {
        var store = _folder.Open();
        var mine = _folder.Outside("mine");
        File.WriteAllText(mine, "mine");
        Refused(HybridError.InvalidRequest, "from where alone", () => store.Admit(mine, StoreFolder.Digest(StoreFolder.Bytes("mine"))));
        Refused(HybridError.InvalidRequest, "A SHA-256", () => store.Admit(store.PartialPath("a"), "../../x"));
        var link = store.PartialPath("link");
        File.CreateSymbolicLink(link, mine);
        Refused(HybridError.Storage, "is a link", () => store.Admit(link, StoreFolder.Digest(StoreFolder.Bytes("mine"))));
        Refused(HybridError.Storage, "is a link", () => store.PartialPath("link"));
        Refused(HybridError.InvalidRequest, "key", () => store.PartialPath("../a"));
        Refused(HybridError.InvalidRequest, "key", () => store.PartialPath("a.lock"));
        Assert.Equal("mine", File.ReadAllText(mine));
    }

    [Fact]
    public void A_read_only_store_reads_and_says_why_it_does_not_write()
    {
        var name = _folder.Commit(_folder.Open(), "m", "bytes").Name;
        var store = _folder.Open(new() { ReadOnly = true });
        Assert.True(store.IsReadOnly);
        Assert.NotNull(store.Find(name));
        using (var lease = store.Use(name))
            Assert.Equal("bytes", File.ReadAllText(lease.Path));
        foreach (var write in new Action[] { () => store.Remove(name), () => store.Pin(name), () => store.Collect(), () => store.Commit(store.Find(name)!.Manifest!), () => store.Admit(store.PartialPath("a"), new string('a', 64)) })
            Refused(HybridError.Storage, "is read-only", write);
    }

    [Fact]
    public async Task A_read_only_store_takes_no_locks()
    {
        _folder.Open();
        var store = _folder.Open(new() { ReadOnly = true });
        Assert.Equal(HybridError.Storage, (await Assert.ThrowsAsync<HybridException>(async () => await store.LockPartialAsync("a"))).Error);
    }

    [Fact]
    public void The_default_folder_follows_the_environment()
    {
        var set = new Dictionary<string, string>(StringComparer.Ordinal);
        string Root() => ModelStore.RootFrom(name => set.GetValueOrDefault(name), "/data");
        Assert.Equal(Path.Combine("/data", "hybrid", "models"), Root());
        set["XDG_DATA_HOME"] = "relative";
        Assert.Equal(Path.Combine("/data", "hybrid", "models"), Root());
        set["XDG_DATA_HOME"] = "/xdg";
        Assert.Equal(OperatingSystem.IsWindows() ? Path.Combine("/data", "hybrid", "models") : "/xdg/hybrid/models", Root());
        set["HYBRID_HOME"] = Path.GetFullPath("/home");
        Assert.Equal(Path.Combine(Path.GetFullPath("/home"), "models"), Root());
        Assert.Equal(HybridError.Configuration, Assert.Throws<HybridException>(() => ModelStore.RootFrom(_ => null, "")).Error);
    }

    [Fact]
    public void A_file_in_the_place_of_the_folder_is_told()
    {
        File.WriteAllText(_folder.Root, "a file");
        Refused(HybridError.Storage, "cannot be opened", () => _folder.Open());
    }

    private static void Refused(HybridError error, string words, Action action)
    {
        var thrown = Assert.Throws<HybridException>(action);
        Assert.Equal(error, thrown.Error);
        Assert.Contains(words, thrown.Message, StringComparison.Ordinal);
    }
}
