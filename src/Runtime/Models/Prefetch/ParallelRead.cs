using Microsoft.Win32.SafeHandles;

namespace Hybrid.Models.Prefetch;

/// <summary>Reads files from front to back on threads of its own, so that all of them is in the page cache; what is read is thrown away.</summary>
/// <remarks>A disk that serves several reads at once gives more than one after another do. Never fails: a file that cannot be read is the business of who needs it.</remarks>
internal sealed class ParallelRead : IDisposable
{
    private const int Piece = 1 << 20;
    private readonly CancellationTokenSource _stop;
    private readonly Thread[] _threads;
    private readonly IReadOnlyList<(string Path, long Begin, long End)> _files;
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _next;
    private long _read;
    private int _running;

    private ParallelRead(IReadOnlyList<string> paths, int threads, CancellationToken cancellationToken)
    {
        (_files, _running) = (Extents(paths), threads);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _threads = new Thread[threads];
        for (var i = 0; i < threads; i++)
        {
            _threads[i] = new(Read, 1 << 18) { IsBackground = true, Name = "read ahead" };
            _threads[i].Start();
        }
    }

    /// <summary>Bytes read so far.</summary>
    public long BytesRead => Interlocked.Read(ref _read);

    /// <summary>Ends when all is read, or the reading was stopped.</summary>
    public Task Completion => _done.Task;

    /// <summary>Begins to read.</summary>
    /// <param name="paths">The files, in the order in which they are needed.</param>
    /// <param name="threads">How many read at once, 1 or more.</param>
    /// <param name="cancellationToken">Stops it after the pieces that are being read.</param>
    public static ParallelRead Start(IReadOnlyList<string> paths, int threads, CancellationToken cancellationToken = default) => new(paths, threads, cancellationToken);

    /// <summary>Stops it, and returns when no thread reads any more.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        foreach (var thread in _threads) thread.Join();
        _stop.Dispose();
    }

    /// <summary>Where each file begins and ends when they are read one after the other; a piece never spans two.</summary>
    private static List<(string Path, long Begin, long End)> Extents(IReadOnlyList<string> paths)
    {
        var files = new List<(string, long, long)>();
        var begin = 0L;
        foreach (var path in paths)
        {
            if (new FileInfo(path) is not { Exists: true } file) continue;
            files.Add((path, begin, begin + file.Length));
            begin += (file.Length + Piece - 1) / Piece * Piece;
        }

        return files;
    }

    private void Read()
    {
        SafeFileHandle? open = null;
        try
        {
            var buffer = new byte[Piece];
            var (at, current) = (NextPiece(), 0);
            for (var i = 0; i < _files.Count && !_stop.IsCancellationRequested;)
            {
                var (path, begin, end) = _files[i];
                if (at >= end)
                {
                    i++;
                    continue;
                }

                if (open is null || current != i)
                {
                    open?.Dispose();
                    (open, current) = (File.OpenHandle(path), i);
                }

                Interlocked.Add(ref _read, RandomAccess.Read(open, buffer, at - begin));
                at = NextPiece();
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // A file is gone or cannot be read; the load will say so.
        }
        finally
        {
            open?.Dispose();
            if (Interlocked.Decrement(ref _running) == 0) _done.TrySetResult();
        }
    }

    private long NextPiece() => Interlocked.Add(ref _next, Piece) - Piece;
}
