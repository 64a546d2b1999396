namespace Hybrid.Models.Store;

/// <summary>A model in a store, as it was when it was looked at.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Manifest">What it consists of; null where that cannot be read.</param>
/// <param name="LastUsed">When it was last loaded; when it came where it never was.</param>
/// <param name="Pinned">Whether clean-up leaves it.</param>
/// <param name="InUse">Whether a process has it loaded.</param>
/// <param name="Problem">Why it cannot be used; null: it can.</param>
public sealed record StoredModel(ModelName Name, ModelManifest? Manifest, DateTimeOffset LastUsed, bool Pinned, bool InUse, string? Problem);

/// <summary>Keeps a model's files where they are, whatever other processes do, until it is disposed or the process ends.</summary>
/// <remarks>Thread-safe. In a read-only store nothing is kept, for nothing can be written down.</remarks>
public sealed class ModelLease : IDisposable
{
    private Action? _end;

    internal ModelLease(string path, ModelManifest manifest, Action end) => (Path, Manifest, _end) = (path, manifest, end);

    /// <summary>The file for the engine; the other parts of a split model stand beside it.</summary>
    public string Path { get; }

    /// <summary>What it consists of.</summary>
    public ModelManifest Manifest { get; }

    /// <inheritdoc />
    public void Dispose() => Interlocked.Exchange(ref _end, null)?.Invoke();
}

/// <summary>The turn to fetch something; it ends with the process. Disposing it gives the turn to the next.</summary>
public sealed class PartialLock : IDisposable
{
    private readonly IDisposable _held;

    internal PartialLock(IDisposable held) => _held = held;

    /// <inheritdoc />
    public void Dispose() => _held.Dispose();
}
