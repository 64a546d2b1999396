using Hybrid.Models.Store;
using Hybrid.Storage;

namespace Hybrid.Tests.Models.Store;

public sealed class StoreCrashTests
{
    /// <summary>What a store goes through: a split model, a name that moves on, a lease, a removal, a clean-up over the quota.</summary>
    private static void Live(StoreFolder folder, ModelStore store)
    {
        store.Commit(folder.Manifest("split", StoreFolder.Add(store, "m-00001-of-00002.gguf", [1, 1, 1]), StoreFolder.Add(store, "m-00002-of-00002.gguf", [2, 2, 2])));
        folder.Commit(store, "moving", "first");
        using (store.Use(ModelName.Parse("moving")))
            folder.Commit(store, "moving", "second");
        folder.Time.Advance(TimeSpan.FromDays(2));
        folder.Commit(store, "gone", "gone");
        store.Pin(ModelName.Parse("gone"));
        store.Unpin(ModelName.Parse("gone"));
        store.Remove(ModelName.Parse("gone"));
        folder.Commit(store, "last", "the last one");
        store.Collect(new() { Quota = 18 });
    }

    [Fact]
    public void Whatever_step_is_the_last_a_name_stands_for_a_whole_model_or_for_nothing()
    {
        var stops = 0;
        foreach (var last in Enum.GetValues<StoppingDisk.Last>())
        {
            for (var step = 0; ; step++)
            {
                using var folder = new StoreFolder();
                var disk = new StoppingDisk(step, last);
                try
                {
                    Live(folder, folder.Open(disk: disk));
                }
                catch (StoppedException)
                {
                    stops++;
                }

                // Another process comes: all that it sees is whole, and it can do everything once more.
                var next = folder.Open(disk: StoppingDisk.Never());
                StoreFolder.RequireWhole(next);
                Live(folder, next);
                StoreFolder.RequireWhole(next);
                Assert.Equal("the last one", File.ReadAllText(next.PathOf(ModelName.Parse("last"))));
                folder.Time.Advance(TimeSpan.FromDays(1000));
                next.Collect();
                RequireNoneLost(next, folder);
                if (disk.WentOn)
                    break;
            }
        }

        Assert.InRange(stops, 200, 2_000);
    }

    [Fact]
    public void Nothing_gets_its_name_before_it_is_on_the_disk_and_names_are_flushed_after()
    {
        using var folder = new StoreFolder();
        var disk = StoppingDisk.Never();
        Live(folder, folder.Open(disk: disk));
        var moves = 0;
        for (var i = 0; i < disk.Log.Count; i++)
        {
            if (!disk.Log[i].StartsWith("move ", StringComparison.Ordinal))
                continue;
            var (from, to) = (disk.Log[i].Split(' ')[1], disk.Log[i].Split(' ')[2]);
            Assert.True(disk.Log.Take(i).Any(step => step == $"write {from}" || step == $"flush {from}"), disk.Log[i]);
            Assert.Contains($"flush-folder {Path.GetDirectoryName(to)}", disk.Log.Skip(i));
            moves++;
        }

        Assert.InRange(moves, 10, 100);
    }

    public static TheoryData<int, string> Faults => new() { { 28, "The disk is full" }, { 122, "The disk is full" }, { 30, "It is read-only" }, { 5, "Check the folder and the disk" } };

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_fault_at_any_step_is_one_typed_error_and_keeps_what_was_fetched(int errno, string words)
    {
        for (var step = 0; ; step++)
        {
            using var folder = new StoreFolder();
            var good = folder.Open();
            var before = folder.Commit(good, "m", "before");
            var disk = new FailingDisk(step, errno);
            var store = folder.Open(disk: disk);
            var sha256 = StoreFolder.Digest(StoreFolder.Bytes("after"));
            File.WriteAllText(good.PartialPath(sha256), "after");
            try
            {
                store.Admit(good.PartialPath(sha256), sha256);
                store.Commit(folder.Manifest("m", new ModelFile("model.gguf", 5, sha256)));
            }
            catch (HybridException error)
            {
                Assert.Equal(HybridError.Storage, error.Error);
                Assert.Contains(words, error.Message, StringComparison.Ordinal);
            }

            StoreFolder.RequireWhole(good);
            Assert.True(File.Exists(good.PartialPath(sha256)) || good.Has(sha256));
            Assert.Contains(File.ReadAllText(good.PathOf(before.Name)), new[] { "before", "after" });
            if (!disk.Failed)
                break;
        }
    }

    private static void RequireNoneLost(ModelStore store, StoreFolder folder)
    {
        StoreFolder.RequireWhole(store);
        var needed = store.List().SelectMany(model => model.Manifest!.Files).Select(file => file.Sha256).Distinct().Order(StringComparer.Ordinal);
        var there = new DirectoryInfo(Path.Combine(folder.Root, "blobs")).EnumerateFiles("*", SearchOption.AllDirectories).Select(file => file.Name).Order(StringComparer.Ordinal);
        Assert.Equal(needed, there);
        Assert.Equal(store.List().Count, Directory.EnumerateDirectories(Path.Combine(folder.Root, "files")).Count());
        Assert.Empty(Directory.EnumerateFiles(folder.Root, ".new-*", SearchOption.AllDirectories));
    }

    /// <summary>One step, and all after it, fail as the system would tell it.</summary>
    private sealed class FailingDisk(int steps, int errno) : IDisk
    {
        private int _left = steps;

        public bool Failed { get; private set; }

        public void CreateFolder(string path) => Step(() => Disk.Real.CreateFolder(path));

        public void Write(string path, ReadOnlySpan<byte> bytes)
        {
            var all = bytes.ToArray();
            Step(() => Disk.Real.Write(path, all));
        }

        public void Flush(string path) => Step(() => Disk.Real.Flush(path));

        public void FlushFolder(string path) => Step(() => Disk.Real.FlushFolder(path));

        public void Move(string from, string to) => Step(() => Disk.Real.Move(from, to));

        public bool Link(string file, string link)
        {
            Step(() => Disk.Real.Link(file, link));
            return true;
        }

        public bool Point(string file, string link)
        {
            Step(() => Disk.Real.Point(file, link));
            return true;
        }

        public void Seal(string path) => Step(() => Disk.Real.Seal(path));

        public void Touch(string path, DateTimeOffset time) => Step(() => Disk.Real.Touch(path, time));

        public void Delete(string path) => Disk.Real.Delete(path);

        public void DeleteFolder(string path) => Disk.Real.DeleteFolder(path);

        private void Step(Action step)
        {
            if (_left-- <= 0)
            {
                Failed = true;
                throw new IOException("The file system said no.", errno);
            }

            step();
        }
    }
}
