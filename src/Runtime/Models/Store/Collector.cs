namespace Hybrid.Models.Store;

/// <summary>One clean-up of a store; the caller holds the gate.</summary>
/// <remarks>What a name refers to goes only after the name, so that at no moment a name refers to less than a whole model.</remarks>
internal sealed class Collector(StoreState state, StoreNames names, StoreUsage usage, CollectOptions options)
{
    private readonly List<Held> _models = [];
    private readonly List<string> _problems = [];
    private readonly HashSet<string> _needed = new(StringComparer.Ordinal);
    private readonly HashSet<string> _contents = new(StringComparer.Ordinal);
    private readonly HashSet<string> _released = new(StringComparer.Ordinal);
    private readonly List<ModelName> _removed = [];
    private long _freed;
    private int _unfinished;
    private int _orphans;

    private DateTimeOffset Oldest => state.Time.GetUtcNow() - (options.KeepUnfinished ?? state.Options.KeepUnfinished);

    public CollectReport Collect()
    {
        Look();
        Unfinished();
        Orphans();
        var quota = options.Quota ?? state.Options.Quota ?? long.MaxValue;
        var used = Used();
        foreach (var model in _models.Where(model => model.Removable).OrderBy(model => model.LastUsed).ToArray())
        {
            if (used <= quota - options.Room)
                break;
            used -= Remove(model);
        }

        return new(_removed, _unfinished, _orphans, _freed, used, used <= quota - options.Room, _problems);
    }

    /// <summary>Removes one name, and what nothing else needs.</summary>
    public long RemoveName(ModelName name)
    {
        Look();
        var held = _models.Find(model => model.Names.Contains(name));
        names.Delete(name);
        usage.Forget(name);
        if (held is null)
            return 0; // Its manifest could not be read: nobody knows what it needed, and a clean-up finds that out.
        held.Names.Remove(name);
        return held.Names.Count > 0 || held.Leased ? 0 : Release(held);
    }

    private void Look()
    {
        foreach (var (name, manifest, problem) in names.All())
        {
            if (manifest is null)
            {
                _problems.Add($"'{name}': {problem}");
                continue;
            }

            var content = StoreFiles.ContentOf(manifest);
            var model = _models.Find(one => one.Content == content);
            if (model is null)
                _models.Add(model = new(content, manifest, usage.IsLeased(content)));
            model.Names.Add(name);
            model.Pinned |= usage.IsPinned(name);
            var lastUse = usage.LastUse(manifest);
            model.LastUsed = lastUse > model.LastUsed ? lastUse : model.LastUsed;
        }

        // Loaded still, under a name that is gone or means another model by now.
        foreach (var file in new DirectoryInfo(state.Layout.Files).EnumerateFiles("*.json"))
            LookAtUnnamed(file.FullName);
        foreach (var model in _models)
        {
            _contents.Add(model.Content);
            _needed.UnionWith(model.Blobs);
        }
    }

    private void LookAtUnnamed(string path)
    {
        var content = Path.GetFileNameWithoutExtension(path);
        if (!ManifestRules.IsDigest(content) || _models.Exists(model => model.Content == content) || !usage.IsLeased(content))
            return;
        try
        {
            if (StoreNames.ReadFile(path) is { } manifest)
                _models.Add(new(content, manifest, leased: true));
        }
        catch (FormatException exception)
        {
            _problems.Add($"'{path}': {exception.Message.TrimEnd('.')}");
        }
    }

    private void Unfinished()
    {
        var held = Directory.EnumerateFiles(state.Layout.Partials, "*" + StoreLayout.LockEnding).Where(Storage.FileLock.IsHeld)
            .Select(path => Path.GetFileName(path)[..^StoreLayout.LockEnding.Length]).ToArray();
        bool IsHeld(string file) => held.Any(key => file == key || file.StartsWith(key + ".", StringComparison.Ordinal));
        var files = new DirectoryInfo(state.Layout.Partials).EnumerateFiles().Where(file => !IsHeld(file.Name)).Concat(Temporary());
        foreach (var file in files.Where(file => file.LastWriteTimeUtc <= Oldest.UtcDateTime).ToArray())
        {
            if (!file.Name.EndsWith(StoreLayout.LockEnding, StringComparison.Ordinal))
                _unfinished++;
            Delete(file);
        }
    }

    private void Orphans()
    {
        foreach (var file in new DirectoryInfo(state.Layout.Files).EnumerateFileSystemInfos())
        {
            var content = Path.GetFileNameWithoutExtension(file.Name);
            if (!ManifestRules.IsDigest(content) || _contents.Contains(content) || options.DryRun || _problems.Count > 0)
                continue;
            state.DeleteTree(state.Layout.FilesOf(content));
            state.Disk.Delete(state.Layout.ManifestOf(content));
        }

        if (_problems.Count > 0)
            return; // What a name that cannot be read needs is not known.
        foreach (var blob in Blobs().Where(blob => !_needed.Contains(blob.Name) && blob.LastWriteTimeUtc <= Oldest.UtcDateTime).ToArray())
        {
            _orphans++;
            Delete(blob);
        }
    }

    private long Remove(Held model)
    {
        _removed.AddRange(model.Names);
        if (!options.DryRun)
        {
            foreach (var name in model.Names)
            {
                names.Delete(name);
                usage.Forget(name);
            }
        }

        return Release(model);
    }

    private long Release(Held model)
    {
        _models.Remove(model);
        if (!options.DryRun)
        {
            state.DeleteTree(state.Layout.FilesOf(model.Content));
            state.Disk.Delete(state.Layout.ManifestOf(model.Content));
            state.Disk.Delete(state.Layout.Lease(model.Content));
        }

        if (_problems.Count > 0)
            return 0;
        var before = _freed;
        foreach (var sha256 in model.Blobs.Distinct().Where(sha256 => !_models.Exists(other => other.Blobs.Contains(sha256)) && _released.Add(sha256)))
        {
            var blob = new FileInfo(state.Layout.Own(state.Layout.Blob(sha256)));
            if (blob.Exists)
                Delete(blob);
        }

        return _freed - before;
    }

    private void Delete(FileInfo file)
    {
        _freed += file.LinkTarget is null ? file.Length : 0;
        if (options.DryRun)
            return;
        state.Disk.Delete(file.FullName);
        if (ManifestRules.IsDigest(file.Name))
            state.Disk.Delete(state.Layout.Verified(file.Name));
    }

    private long Used() => Blobs().Concat(new DirectoryInfo(state.Layout.Partials).EnumerateFiles()).Where(file => file.LinkTarget is null).Sum(file => file.Length) - (options.DryRun ? _freed : 0);

    private IEnumerable<FileInfo> Blobs() => new DirectoryInfo(state.Layout.Blobs).EnumerateDirectories().Where(folder => folder.LinkTarget is null)
        .SelectMany(folder => folder.EnumerateFiles()).Where(file => ManifestRules.IsDigest(file.Name));

    private IEnumerable<FileInfo> Temporary() => new DirectoryInfo(state.Layout.Names).EnumerateDirectories().Append(new(state.Layout.Files)).Append(new(state.Layout.Verifieds))
        .Where(folder => folder.Exists && folder.LinkTarget is null).SelectMany(folder => folder.EnumerateFiles(StoreLayout.New + "*"));

    /// <summary>A model on the disk, under all its names.</summary>
    private sealed class Held(string content, ModelManifest manifest, bool leased)
    {
        public string Content => content;

        public bool Leased => leased;

        public List<ModelName> Names { get; } = [];

        public string[] Blobs { get; } = [.. manifest.Files.Where(file => file.Outside is null).Select(file => file.Sha256)];

        public bool Pinned { get; set; }

        public DateTimeOffset LastUsed { get; set; }

        /// <summary>A model whose files are all elsewhere takes no room.</summary>
        public bool Removable => !Pinned && !leased && Names.Count > 0 && Blobs.Length > 0;
    }
}
