using Hybrid.Models.Pull.Web;

namespace Hybrid.Models.Pull.Sources;

/// <summary>A file where it comes from: what is known of it, and its bytes.</summary>
internal abstract class RemoteFile
{
    /// <summary>Its path in its repository.</summary>
    public required string Path { get; init; }

    /// <summary>Its length in bytes.</summary>
    public required long Size { get; init; }

    /// <summary>Its digest, where the source says it.</summary>
    public string? Sha256 { get; init; }

    /// <summary>A text that changes when the bytes do; null: the source has none.</summary>
    public string? Validator { get; init; }

    /// <summary>Where it is, without anything secret: for messages, and to know it again.</summary>
    public abstract string Place { get; }

    /// <summary>The most connections that help.</summary>
    public virtual int MostConnections => 64;

    /// <summary>Whether other devices fetch parts of it at the same time, so that each had better begin elsewhere.</summary>
    public virtual bool IsShared => false;

    /// <summary>Opens a part.</summary>
    /// <param name="offset">Its first byte.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="guard">Ends what is silent for too long.</param>
    /// <exception cref="PullFault">It did not work out this time, or the file changed.</exception>
    /// <exception cref="HybridException">Trying again would not help.</exception>
    public abstract Task<RemoteBody> OpenAsync(long offset, long length, StallGuard guard);

    /// <summary>Opens all of it, from a server without ranges.</summary>
    /// <inheritdoc cref="OpenAsync" path="/exception" />
    public virtual Task<RemoteBody> OpenWholeAsync(StallGuard guard) => OpenAsync(0, Size, guard);
}

/// <summary>Bytes on their way; what carries them is let go with it.</summary>
internal sealed class RemoteBody(Stream bytes, IDisposable? carrier = null) : IAsyncDisposable
{
    public Stream Bytes => bytes;

    public async ValueTask DisposeAsync()
    {
        await bytes.DisposeAsync();
        carrier?.Dispose();
    }
}

/// <summary>A model where it comes from.</summary>
/// <param name="Source">The repository or address, without anything secret.</param>
/// <param name="Revision">The commit, where the source has such a thing.</param>
/// <param name="Licence">The licence, where the source names it.</param>
/// <param name="Files">The file to load first, then its other splits in order.</param>
internal sealed record RemoteModel(string Source, string? Revision, string? Licence, IReadOnlyList<RemoteFile> Files);
