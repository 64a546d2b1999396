using Hybrid.Storage;

namespace Hybrid.Models.Store;

/// <summary>Who uses what: last uses, pins, and leases that end with their process.</summary>
internal sealed class StoreUsage(StoreState state)
{
    public void Touch(ModelName name) => Mark(state.Layout.Used(name));

    public DateTimeOffset LastUse(ModelManifest manifest)
    {
        var mark = new FileInfo(state.Layout.Used(manifest.Name));
        return mark.Exists ? new(mark.LastWriteTimeUtc) : manifest.PulledAt;
    }

    public void Pin(ModelName name)
    {
        Mark(state.Layout.Pin(name));
        state.Disk.FlushFolder(Path.GetDirectoryName(state.Layout.Pin(name))!);
    }

    public void Unpin(ModelName name) => state.Disk.Delete(state.Layout.Own(state.Layout.Pin(name)));

    public bool IsPinned(ModelName name) => File.Exists(state.Layout.Pin(name));

    /// <summary>Keeps a model's files; the caller holds the gate.</summary>
    public FileLock Lease(string content)
    {
        var path = state.Layout.Own(state.Layout.Lease(content));
        // Whoever only looks whether it is held has it for a moment.
        return state.Gate.Patiently(() => FileLock.TryShare(path), "keep a model while it is loaded");
    }

    public bool IsLeased(string content) => FileLock.IsHeld(state.Layout.Lease(content));

    public void Forget(ModelName name)
    {
        state.Disk.Delete(state.Layout.Own(state.Layout.Pin(name)));
        state.Disk.Delete(state.Layout.Own(state.Layout.Used(name)));
    }

    private void Mark(string path)
    {
        state.MakeFolder(Path.GetDirectoryName(state.Layout.Own(path))!);
        state.Disk.Touch(path, state.Time.GetUtcNow());
    }
}
