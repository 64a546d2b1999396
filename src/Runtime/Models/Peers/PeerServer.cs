using System.Net;
using System.Net.Http.Headers;
using Hybrid.Models.Pull.Shards;
using Hybrid.Models.Store;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Hybrid.Models.Peers;

/// <summary>Offers a store's blobs to devices of the same site that ask for them by digest and prove that they know the site's key.</summary>
/// <remarks>
/// Bytes are not encrypted on their way, and whoever gets them checks the digest. Nothing is listed: who does not know a digest gets
/// nothing. Only blobs of the store and what is here of those on their way are offered, never files that were imported where they stand.
/// </remarks>
public sealed partial class PeerServer : IAsyncDisposable
{
    private const int BufferBytes = 256 << 10;
    private readonly HttpListener _listener = new();
    private readonly ModelStore _store;
    private readonly PeerServerOptions _options;
    private readonly SiteKey _key;
    private readonly SpeedLimit _limit;
    private readonly SemaphoreSlim _places;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _accepting;

    private PeerServer(ModelStore store, PeerServerOptions options)
    {
        (_store, _options, _key) = (store, options, new(options.Key, options.TimeProvider));
        _limit = new(options.BytesPerSecond, options.TimeProvider);
        _places = new(options.MaxTransfers, options.MaxTransfers);
        var host = options.Address.Host is "0.0.0.0" or "[::]" ? "*" : options.Address.Host;
        _listener.Prefixes.Add($"http://{host}:{options.Address.Port}/");
        _listener.IgnoreWriteExceptions = true;
        _listener.Start();
        _accepting = Task.Run(AcceptAsync);
    }

    /// <summary>Begins to listen.</summary>
    /// <exception cref="HybridException">An option is out of range (<see cref="HybridError.Configuration"/>), or the address cannot be listened on.</exception>
    public static PeerServer Start(ModelStore store, PeerServerOptions options)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        try
        {
            return new(store, options);
        }
        catch (Exception failure) when (failure is HttpListenerException or System.Net.Sockets.SocketException)
        {
            throw new HybridException(HybridError.Configuration, $"Models cannot be offered at '{options.Address}': {failure.Message} Nothing was opened. Choose another port, or end the program that has it.", failure);
        }
    }

    /// <summary>Ends the transfers that run and stops listening.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Close();
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                var context = await _listener.GetContextAsync();
                _ = Task.Run(() => AnswerAsync(context), CancellationToken.None);
            }
            catch (Exception failure) when (failure is HttpListenerException or ObjectDisposedException or InvalidOperationException)
            {
                if (!_listener.IsListening) return;
            }
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        try
        {
            await AnswerAsync(context.Request, context.Response);
            context.Response.Close();
        }
        catch (Exception failure) when (failure is HttpListenerException or IOException or ObjectDisposedException or OperationCanceledException or InvalidOperationException or HybridException)
        {
            context.Response.Abort(); // the other end is gone, or the file is: it sees that the answer is not whole
        }
    }

    private async Task AnswerAsync(HttpListenerRequest request, HttpListenerResponse response)
    {
        var (path, range) = (request.Url?.AbsolutePath ?? "", request.Headers["Range"]);
        response.KeepAlive = true;
        if (!_key.Accepts(request.Headers["Authorization"], request.HttpMethod, path, range))
        {
            LogRefused(_options.Logger, request.RemoteEndPoint.Address);
            response.StatusCode = 401;
        }
        else if (request.HttpMethod is not ("GET" or "HEAD"))
        {
            response.StatusCode = 405;
        }
        else if (PeerAddress.Sha256Of(path) is not { } sha256)
        {
            response.StatusCode = 404;
        }
        else if (!await _places.WaitAsync(TimeSpan.Zero))
        {
            response.StatusCode = 503;
            response.AddHeader("Retry-After", "1");
        }
        else
        {
            try
            {
                await AnswerAsync(sha256, range, request.HttpMethod is "HEAD", response);
            }
            finally
            {
                _places.Release();
            }
        }
    }

    private async Task AnswerAsync(string sha256, string? range, bool head, HttpListenerResponse response)
    {
        if (await GaveBlobAsync(sha256, range, head, response)) return;
        var isComing = false;
        if (PartialOffer.Open(_store, sha256) is { } partial)
        {
            using (partial)
            {
                var part = range is null ? null : Part(range, partial.Size);
                if (part is var (at, end) && partial.Has(at, end))
                {
                    await SendAsync(partial.Data, partial.Size, range, head, response);
                    return;
                }

                isComing = part is var (from, to) && partial.IsComing(from, to) && _store.IsFetching(sha256); // what an ended process said does not count
            }
        }
        else
        {
            // Its first shard, or its place among the blobs, is a moment away; or it has just been put there.
            isComing = _store.IsFetching(sha256);
            if (!isComing && await GaveBlobAsync(sha256, range, head, response)) return;
        }

        response.StatusCode = 404;
        if (isComing) response.AddHeader(PeerAnswer.ComingHeader, "yes");
    }

    private async Task<bool> GaveBlobAsync(string sha256, string? range, bool head, HttpListenerResponse response)
    {
        if (!_store.Has(sha256)) return false;
        // Open, it stays readable even where clean-up removes it meanwhile.
        using var file = File.OpenHandle(_store.BlobPath(sha256), share: FileShare.Read | FileShare.Delete);
        await SendAsync(file, RandomAccess.GetLength(file), range, head, response);
        return true;
    }

    private async Task SendAsync(SafeFileHandle file, long size, string? range, bool head, HttpListenerResponse response)
    {
        var (at, end) = (0L, size);
        if (range is not null)
        {
            if (Part(range, size) is not var (from, to))
            {
                response.StatusCode = 416;
                response.AddHeader("Content-Range", $"bytes */{size}");
                return;
            }

            (at, end) = (from, to);
            response.StatusCode = 206;
            response.AddHeader("Content-Range", $"bytes {at}-{end - 1}/{size}");
        }

        response.ContentType = "application/octet-stream";
        response.ContentLength64 = end - at;
        if (head) return;
        var buffer = new byte[BufferBytes];
        while (at < end)
        {
            var most = (int)Math.Min(Math.Min(buffer.Length, end - at), _limit.LargestTake);
            var count = await RandomAccess.ReadAsync(file, buffer.AsMemory(0, most), at, _stopping.Token);
            if (count == 0) throw new IOException("The file became shorter.");
            await _limit.TakeAsync(count, _stopping.Token);
            await response.OutputStream.WriteAsync(buffer.AsMemory(0, count), _stopping.Token);
            at += count;
        }
    }

    /// <summary>The part that is asked for: its first byte, and the one after its last; null: a file of that size has none such.</summary>
    private static (long At, long End)? Part(string range, long size) =>
        RangeHeaderValue.TryParse(range, out var parsed) && parsed.Ranges is { Count: 1 } && parsed.Ranges.First() is { From: { } from, To: var to } && from < size && !(to < from)
            ? (from, Math.Min(to ?? (size - 1), size - 1) + 1)
            : null;

    [LoggerMessage(1701, LogLevel.Warning, "A request for a model from {Address} was refused: it does not prove that it knows the site's key, or its clock is more than 5 minutes off.")]
    private static partial void LogRefused(ILogger logger, IPAddress address);
}
