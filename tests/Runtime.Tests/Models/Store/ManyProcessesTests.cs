using Hybrid.Models.Store;

namespace Hybrid.Tests.Models.Store;

public sealed class ManyProcessesTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_another_process_has_loaded_stays_until_that_process_ends_however_it_ends()
    {
        var store = _folder.Open();
        var name = _folder.Commit(store, "m", "bytes").Name;
        using var child = await SecondProcess.ReadyAsync("lease", _folder.Root, "m");
        Assert.True(store.Find(name)!.InUse);
        Assert.Empty(store.Collect(new() { Quota = 1 }).Removed);
        Assert.Equal(HybridError.Busy, Assert.Throws<HybridException>(() => store.Remove(name)).Error);
        await child.KillAsync();
        Assert.False(store.Find(name)!.InUse);
        Assert.Equal([name], store.Collect(new() { Quota = 1 }).Removed);
    }

    [Fact]
    public async Task The_turn_to_fetch_goes_to_the_next_process_when_the_first_is_killed()
    {
        var store = ModelStore.Open(_folder.Root);
        using var child = await SecondProcess.ReadyAsync("lock", _folder.Root, "key");
        File.WriteAllText(store.PartialPath("key"), "part");
        Assert.Equal(0, store.Collect(new() { KeepUnfinished = TimeSpan.Zero }).Unfinished);
        var turn = store.LockPartialAsync("key", TestContext.Current.CancellationToken).AsTask();
        Assert.False(turn.IsCompleted);
        using (await store.LockPartialAsync("other", TestContext.Current.CancellationToken))
            Assert.False(turn.IsCompleted);
        await child.KillAsync();
        using var mine = await turn;
        Assert.Equal("part", File.ReadAllText(store.PartialPath("key")));
    }

    [Fact]
    public async Task Who_waits_for_a_turn_can_give_up()
    {
        var store = ModelStore.Open(_folder.Root);
        using var held = await store.LockPartialAsync("key", TestContext.Current.CancellationToken);
        using var cancel = new CancellationTokenSource();
        var turn = ModelStore.Open(_folder.Root).LockPartialAsync("key", cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => turn);
    }

    [Fact]
    public async Task Processes_killed_in_the_middle_of_everything_leave_whole_models()
    {
        for (var round = 0; round < 8; round++)
        {
            var children = await Task.WhenAll(Enumerable.Range(0, 3).Select(i => SecondProcess.ReadyAsync("churn", _folder.Root, $"{(round * 10) + i}")));
            try
            {
                // This process works beside them, then they end where they are.
                var store = ModelStore.Open(_folder.Root);
                for (var read = 0; read < 2 + round; read += Read(store))
                    Assert.DoesNotContain(children, child => child.HasExited); // as long as they live there is something to read sooner or later
                await Task.WhenAll(children.Select(child => child.KillAsync()));
                StoreFolder.RequireWhole(ModelStore.Open(_folder.Root));
            }
            finally
            {
                foreach (var child in children)
                    child.Dispose();
            }
        }

        ModelStore.Open(_folder.Root).Collect(new() { Quota = 1, KeepUnfinished = TimeSpan.Zero });
        Assert.Empty(new DirectoryInfo(Path.Combine(_folder.Root, "blobs")).EnumerateFiles("*", SearchOption.AllDirectories));
    }

    /// <summary>What is kept is whole while others remove and clean up.</summary>
    private static int Read(ModelStore store)
    {
        var read = 0;
        for (var i = 0; i < 4; i++)
        {
            try
            {
                using var lease = store.Use(ModelName.Parse($"m{i}"));
                var folder = Path.GetDirectoryName(lease.Path)!;
                foreach (var file in lease.Manifest.Files)
                    Assert.Equal(file.Sha256, StoreFolder.Digest(File.ReadAllBytes(Path.Combine(folder, file.Path))));
                read++;
            }
            catch (HybridException exception) when (exception.Error is HybridError.ModelFile)
            {
                // There is none just now.
            }
        }

        return read;
    }
}
