using System.Net;
using System.Net.Http.Headers;
using Hybrid.Models.Pull.Shards;
using Hybrid.Models.Store;
using Microsoft.Extensions.Logging;

namespace Hybrid.Models.Peers;

/// <summary>Offers a store's blobs to devices of the same site that ask for them by digest and prove that they know the site's key.</summary>
/// <remarks>
/// Bytes are not encrypted on their way, and whoever gets them checks the digest. Nothing is listed: who does not know a digest gets
/// nothing. Only blobs of the store are offered, never files that were imported where they stand.
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
        else if (PeerAddress.Sha256Of(path) is not { } sha256 || !_store.Has(sha256))
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
                await SendAsync(_store.BlobPath(sha256), range, request.HttpMethod is "HEAD", response);
            }
            finally
            {
                _places.Release();
            }
        }
    }

    private async Task SendAsync(string path, string? range, bool head, HttpListenerResponse response)
    {
        // Open, it stays readable even where clean-up removes it meanwhile.
        using var file = File.OpenHandle(path, share: FileShare.Read | FileShare.Delete);
        var size = RandomAccess.GetLength(file);
        var (at, end) = (0L, size);
        if (range is not null)
        {
            if (!RangeHeaderValue.TryParse(range, out var parsed) || parsed.Ranges is not { Count: 1 } || parsed.Ranges.First() is not { From: { } from, To: var to } || from >= size || to < from)
            {
                response.StatusCode = 416;
                response.AddHeader("Content-Range", $"bytes */{size}");
                return;
            }

            (at, end) = (from, Math.Min(to ?? (size - 1), size - 1) + 1);
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

    [LoggerMessage(1701, LogLevel.Warning, "A request for a model from {Address} was refused: it does not prove that it knows the site's key, or its clock is more than 5 minutes off.")]
    private static partial void LogRefused(ILogger logger, IPAddress address);
}
