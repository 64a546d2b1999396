using Hybrid.Models.Pull;
using Hybrid.Models.Store;
using Hybrid.Storage;

namespace Hybrid.Models.Prefetch;

/// <summary>Fetches models ahead with the puller that fetches them when they are asked for.</summary>
/// <param name="files">Has the store.</param>
/// <param name="options">How models are pulled.</param>
internal sealed class StorePuller(ModelFiles files, Func<PullOptions> options) : IModelFetcher
{
    /// <summary>How many files are pulled into the store now, whoever does it.</summary>
    public int Pulls
    {
        get
        {
            try
            {
                return Directory.EnumerateFiles(Path.Combine(files.Store.Root, "partial"), "*" + StoreLayout.LockEnding).Count(FileLock.IsHeld);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or HybridException)
            {
                return 0; // what cannot be looked at cannot be waited for; the fetch itself will say
            }
        }
    }

    public async ValueTask<long> MissingBytesAsync(string reference, CancellationToken cancellationToken)
    {
        using var puller = new ModelPuller(files.Store, options());
        return await puller.MissingBytesAsync(ModelReference.Parse(reference), cancellationToken).ConfigureAwait(false);
    }

    public async Task FetchAsync(string reference, ModelName name, long? bytesPerSecond, Action<long> fetched, CancellationToken cancellationToken)
    {
        using var puller = new ModelPuller(files.Store, options() with { BytesPerSecond = bytesPerSecond });
        await puller.PullAsync(ModelReference.Parse(reference), name, new Pieces(fetched), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Tells of what came since it last did.</summary>
    private sealed class Pieces(Action<long> fetched) : IProgress<PullProgress>
    {
        private long _told;

        public void Report(PullProgress value)
        {
            var before = Interlocked.Exchange(ref _told, value.FetchedBytes);
            if (value.FetchedBytes > before) fetched(value.FetchedBytes - before);
        }
    }
}
