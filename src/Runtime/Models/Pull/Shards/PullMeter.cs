namespace Hybrid.Models.Pull.Shards;

/// <summary>Counts a pull's bytes and tells of them, in order and not too often.</summary>
internal sealed class PullMeter(IProgress<PullProgress>? progress, TimeProvider time)
{
    private const double MemorySeconds = 5;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private readonly Lock _lock = new();
    private PullProgress _now = new() { Stage = PullStage.Asking };
    private long _told = time.GetTimestamp();
    private long _sampled = time.GetTimestamp();
    private long _sampledBytes;
    private long _before;
    private long _bytes;
    private long _fetched;
    private double _rate;
    private bool _hasRate;

    /// <summary>What is to be pulled, once that is known.</summary>
    public void Begin(int files, long bytes) => Tell(now => now with { FileCount = files, TotalBytes = bytes });

    /// <summary>What comes now.</summary>
    /// <param name="path">Its name.</param>
    /// <param name="number">Its place, from 1.</param>
    /// <param name="before">Bytes of the files before it.</param>
    public void File(string path, int number, long before)
    {
        lock (_lock)
        {
            _before = before;
            _bytes = before;
            _now = _now with { File = path, FileNumber = number };
        }
    }

    public void Stage(PullStage stage, string? note = null) => Tell(now => now with { Stage = stage, Note = note });

    /// <summary>Bytes that came over the line.</summary>
    public void Fetch(int bytes)
    {
        lock (_lock)
        {
            _bytes += bytes;
            _fetched += bytes;
            if (time.GetElapsedTime(_told) < Pause)
                return;
            _now = _now with { Stage = PullStage.Fetching, Note = null };
            Sample();
            Report();
        }
    }

    /// <summary>So many bytes of the file are here.</summary>
    public void Has(long bytes)
    {
        lock (_lock) _bytes = _before + bytes;
    }

    /// <summary>So many bytes turned out not to be here.</summary>
    public void Lost(long bytes)
    {
        lock (_lock) _bytes -= bytes;
    }

    private void Tell(Func<PullProgress, PullProgress> change)
    {
        lock (_lock)
        {
            _now = change(_now);
            Report();
        }
    }

    private void Sample()
    {
        var seconds = time.GetElapsedTime(_sampled).TotalSeconds;
        if (seconds <= 0)
            return;
        var rate = (_fetched - _sampledBytes) / seconds;
        var weight = _hasRate ? 1 - Math.Exp(-seconds / MemorySeconds) : 1;
        (_rate, _hasRate) = (_rate + ((rate - _rate) * weight), true);
        (_sampled, _sampledBytes) = (time.GetTimestamp(), _fetched);
    }

    private void Report()
    {
        _told = time.GetTimestamp();
        if (progress is null)
            return;
        var left = _now.TotalBytes - _bytes;
        progress.Report(_now with
        {
            Bytes = _bytes,
            FetchedBytes = _fetched,
            BytesPerSecond = _rate,
            TimeLeft = _rate > 0 && left >= 0 && _now.TotalBytes > 0 ? TimeSpan.FromSeconds(Math.Min(left / _rate, TimeSpan.FromDays(999).TotalSeconds)) : null,
        });
    }
}
