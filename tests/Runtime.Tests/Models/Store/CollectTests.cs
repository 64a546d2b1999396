using Hybrid.Models.Store;

namespace Hybrid.Tests.Models.Store;

public sealed class CollectTests : IDisposable
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_least_recently_used_go_first_and_no_more_than_needed()
    {
        var store = _folder.Open(new() { Quota = 25 });
        foreach (var name in new[] { "a", "b", "c" })
        {
            _folder.Commit(store, name, new string(name[0], 10));
            _folder.Time.Advance(Hour);
        }

        store.Use(ModelName.Parse("a")).Dispose();
        var report = store.Collect();
        Assert.Equal(["b:latest"], report.Removed.Select(name => name.ToString()));
        Assert.Equal((10, 20, true), (report.FreedBytes, report.UsedBytes, report.WithinQuota));
        Assert.Equal(["a:latest", "c:latest"], Names(store));
        Assert.Empty(store.Collect().Removed);
        StoreFolder.RequireWhole(store);
    }

    [Fact]
    public void Room_is_made_for_what_comes_next()
    {
        var store = _folder.Open(new() { Quota = 25 });
        _folder.Commit(store, "a", new string('a', 10));
        Assert.Empty(store.Collect(new() { Room = 15 }).Removed);
        Assert.Single(store.Collect(new() { Room = 16 }).Removed);
        Assert.False(store.Collect(new() { Room = 26 }).WithinQuota);
    }

    [Fact]
    public void What_is_loaded_or_pinned_stays_whatever_the_quota_says()
    {
        var store = _folder.Open();
        var (loaded, pinned) = (_folder.Commit(store, "loaded", "1234567890").Name, _folder.Commit(store, "pinned", "abcdefghij").Name);
        store.Pin(pinned);
        using (var lease = _folder.Open().Use(loaded))
        {
            var report = store.Collect(new() { Quota = 1 });
            Assert.Equal((false, 20L), (report.WithinQuota, report.UsedBytes));
            Assert.Empty(report.Removed);
            Assert.Equal("1234567890", File.ReadAllText(lease.Path));
            Assert.True(store.Find(loaded)!.InUse);
            Assert.Equal(HybridError.Busy, Assert.Throws<HybridException>(() => store.Remove(loaded)).Error);
        }

        Assert.Contains("pinned", Assert.Throws<HybridException>(() => store.Remove(pinned)).Message, StringComparison.Ordinal);
        Assert.Equal([loaded], store.Collect(new() { Quota = 1 }).Removed);
        store.Unpin(pinned);
        Assert.Equal([pinned], store.Collect(new() { Quota = 1 }).Removed);
    }

    [Fact]
    public void A_loaded_model_stays_when_its_name_moves_on()
    {
        var store = _folder.Open(new() { KeepUnfinished = TimeSpan.Zero });
        var name = _folder.Commit(store, "m", "old").Name;
        var lease = store.Use(name);
        var old = lease.Manifest.Files[0].Sha256;
        _folder.Commit(store, "m", "newer");
        _folder.Time.Advance(TimeSpan.FromDays(1000));
        store.Collect();
        Assert.Equal("old", File.ReadAllText(lease.Path));
        Assert.Equal("newer", File.ReadAllText(store.PathOf(name)));
        lease.Dispose();
        lease.Dispose();
        store.Collect();
        Assert.False(store.Has(old));
        Assert.False(File.Exists(lease.Path));
        StoreFolder.RequireWhole(store);
    }

    [Fact]
    public void A_blob_of_two_models_goes_with_the_second()
    {
        var store = _folder.Open();
        var shared = StoreFolder.Add(store, "shared", [1, 2, 3]);
        store.Commit(_folder.Manifest("a", shared, StoreFolder.Add(store, "x", [4])));
        store.Commit(_folder.Manifest("b", shared));
        store.Commit(_folder.Manifest("c", shared));
        Assert.Equal(1, store.Remove(ModelName.Parse("a")));
        Assert.Equal(0, store.Remove(ModelName.Parse("b")));
        StoreFolder.RequireWhole(store);
        Assert.Equal(3, store.Remove(ModelName.Parse("c")));
        Assert.False(store.Has(shared.Sha256));
        Assert.Equal(HybridError.ModelFile, Assert.Throws<HybridException>(() => store.Remove(ModelName.Parse("c"))).Error);
    }

    [Fact]
    public async Task Unfinished_files_go_when_they_are_old_and_nobody_works_on_them()
    {
        var store = _folder.Open(new() { KeepUnfinished = Hour });
        foreach (var key in new[] { "held", "held.journal", "left", "young" })
        {
            File.WriteAllText(store.PartialPath(key), "12345");
            File.SetLastWriteTimeUtc(store.PartialPath(key), (_folder.Time.GetUtcNow() - (key == "young" ? Hour / 2 : Hour)).UtcDateTime);
        }

        using (await store.LockPartialAsync("held"))
        {
            var report = _folder.Open(new() { KeepUnfinished = Hour }).Collect();
            Assert.Equal((1, 5L), (report.Unfinished, report.FreedBytes));
        }

        Assert.Equal(["held", "held.journal", "young"], Files("partial").Where(name => !name.EndsWith(".lock", StringComparison.Ordinal)));
        Assert.Equal(2, store.Collect().Unfinished);
    }

    [Fact]
    public void Blobs_without_a_name_are_left_for_a_while_because_a_pull_may_be_about_to_name_them()
    {
        var store = _folder.Open(new() { KeepUnfinished = Hour });
        var file = StoreFolder.Add(store, "a", [1, 2, 3]);
        File.SetLastWriteTimeUtc(store.BlobPath(file.Sha256), _folder.Time.GetUtcNow().UtcDateTime);
        _folder.Time.Advance(Hour / 2);
        Assert.Equal(0, store.Collect().Orphans);
        StoreFolder.Add(store, "a", [1, 2, 3]);
        _folder.Time.Advance(Hour * 0.9);
        Assert.Equal(0, store.Collect().Orphans);
        _folder.Time.Advance(Hour);
        Assert.Equal(1, store.Collect(new() { DryRun = true }).Orphans);
        Assert.True(store.Has(file.Sha256));
        Assert.Equal(1, store.Collect().Orphans);
        Assert.False(store.Has(file.Sha256));
    }

    [Fact]
    public void Nothing_is_called_an_orphan_while_a_manifest_cannot_be_read()
    {
        var store = _folder.Open(new() { KeepUnfinished = TimeSpan.Zero });
        var file = _folder.Commit(store, "m", "bytes").Files[0];
        File.WriteAllText(Path.Combine(_folder.Root, "names", "m", "latest.json"), "torn");
        _folder.Time.Advance(TimeSpan.FromDays(1000));
        var report = store.Collect(new() { Quota = 1 });
        Assert.Contains("'m:latest'", Assert.Single(report.Problems), StringComparison.Ordinal);
        Assert.True(store.Has(file.Sha256));
    }

    [Fact]
    public void A_dry_run_tells_the_same_and_changes_nothing()
    {
        var store = _folder.Open(new() { Quota = 15 });
        _folder.Commit(store, "a", new string('a', 10));
        _folder.Time.Advance(Hour);
        _folder.Commit(store, "b", new string('b', 10));
        var told = store.Collect(new() { DryRun = true });
        Assert.Equal(["a:latest", "b:latest"], Names(store));
        StoreFolder.RequireWhole(store);
        var done = store.Collect();
        Assert.Equal(told.Removed, done.Removed);
        Assert.Equal((told.FreedBytes, told.UsedBytes, told.WithinQuota), (done.FreedBytes, done.UsedBytes, done.WithinQuota));
    }

    [Fact]
    public void After_everything_was_removed_nothing_is_left()
    {
        var store = _folder.Open(new() { KeepUnfinished = TimeSpan.Zero });
        _folder.Commit(store, "a", "1");
        store.Pin(_folder.Commit(store, "b:x", "2").Name);
        store.Use(ModelName.Parse("a")).Dispose();
        store.Unpin(ModelName.Parse("b:x"));
        foreach (var model in store.List())
            store.Remove(model.Name);
        store.Collect();
        Assert.Empty(Files("blobs").Concat(Files("names")).Concat(Files("files")).Concat(Files("partial")).Concat(Files("usage")));
    }

    private static IEnumerable<string> Names(ModelStore store) => store.List().Select(model => model.Name.ToString());

    private IEnumerable<string> Files(string folder) =>
        new DirectoryInfo(Path.Combine(_folder.Root, folder)).EnumerateFiles("*", SearchOption.AllDirectories).Select(file => file.Name).Order(StringComparer.Ordinal);
}
