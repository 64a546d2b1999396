using System.Buffers;
using System.Text;
using Hybrid.Storage;
using Microsoft.Extensions.Logging;

namespace Hybrid.Edge.Outbox;

/// <summary>The records of an outbox on the disk, and which of them wait. Thread-safe.</summary>
/// <remarks>What comes while a write is under way goes to the disk together with the next one, with one flush.</remarks>
internal sealed partial class OutboxStore : IAsyncDisposable
{
    private static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(1);
    private readonly Lock _disk = new(); // the folder; taken before the other one
    private readonly Lock _lock = new(); // what is in memory
    private readonly ILogDisk _folder;
    private readonly OutboxOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly OutboxBug _bug;
    private readonly MarkLog _marks;
    private readonly WaitingRecords _waiting;
    private readonly List<Segment> _segments = [];
    private readonly Queue<OutboxBatch> _batches = new();
    private readonly Dictionary<long, WaitingRecord> _sent = []; // those that a receiver may confirm
    private readonly Queue<(WaitingRecord Record, long At)> _delivered = new(); // the broker has them since then; some are no longer waited for
    private readonly ArrayBufferWriter<byte> _buffer = new();
    private OutboxCounters _counted = new();
    private OutboxBatch? _filling;
    private Segment? _active;
    private Task _writer = Task.CompletedTask;
    private long _reserved;
    private long _next;
    private long _sweptAt;
    private bool _writing;
    private bool _closed;

    public OutboxStore(ILogDisk folder, OutboxOptions options, TimeProvider time, ILogger logger, OutboxBug bug = OutboxBug.None)
    {
        options.ThrowIfWrong();
        (_folder, _options, _time, _logger, _bug, _marks, _waiting) = (folder, options, time, logger, bug, new(folder), new(oneFirst: options.ConfirmTopic is not null));
        Recover();
    }

    /// <summary>Something came, or could be sent again.</summary>
    public Signal Work { get; } = new();

    public OutboxCounters Counters
    {
        get
        {
            lock (_lock) return _counted with { Waiting = _waiting.Count, WaitingBytes = _waiting.Bytes, Unconfirmed = _waiting.Unconfirmed, DiskBytes = _segments.Sum(segment => segment.Length) };
        }
    }

    /// <summary>Milliseconds that only ever grow, for delays.</summary>
    public long Elapsed => (long)_time.GetElapsedTime(0).TotalMilliseconds;

    private long Now => _time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Stores a message; the task ends when it is on the disk for good.</summary>
    /// <exception cref="HybridException">It cannot be stored, and is not.</exception>
    public Task Append(OutboxMessage message)
    {
        var size = SizeOf(message);
        lock (_lock)
        {
            if (_closed) throw new HybridException(HybridError.Storage, "The outbox is closed. The message was not stored. Keep it open as long as something is sent.");
            var now = Now;
            MakeRoom(size, message.Class, now);
            _reserved += size;
            if (_filling is null || _filling.Bytes + size > _options.SegmentBytes) _batches.Enqueue(_filling = new());
            var expires = message.Expiry is { } expiry ? now + (long)Math.Min(expiry.TotalMilliseconds, long.MaxValue / 4) : long.MaxValue;
            _filling.Records.Add(new() { Number = _next++, Time = now, Expires = expires, Message = message });
            _filling.Bytes += size;
            var stored = _filling.Stored.Task;
            if (!_writing)
            {
                _writing = true;
                _writer = Task.Run(Write);
            }

            return stored;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task writer;
        lock (_lock)
        {
            _closed = true;
            writer = _writer;
        }

        await writer;
        lock (_disk)
        {
            Tidy();
            _folder.Dispose();
        }
    }

    private int SizeOf(OutboxMessage message)
    {
        var problem = message.Topic.Length == 0 || Encoding.UTF8.GetByteCount(message.Topic) > LogRecord.LargestTopic ? $"its topic must have 1 to {LogRecord.LargestTopic} bytes"
            : message.Topic.AsSpan().IndexOfAny("+#\0") >= 0 ? "its topic must not hold +, # or NUL"
            : Encoding.UTF8.GetByteCount(message.ContentType ?? "") > LogRecord.LargestContentType ? $"its media type must have at most {LogRecord.LargestContentType} bytes"
            : message.Payload.Length > _options.LargestPayload ? $"its payload has {message.Payload.Length} bytes and may have {_options.LargestPayload}"
            : message.Class is < OutboxClass.Low or > OutboxClass.High ? $"there is no class {message.Class}"
            : message.Expiry <= TimeSpan.Zero ? "its expiry must be above 0"
            : null;
        return problem is null ? LogRecord.SizeOf(message)
            : throw new HybridException(HybridError.InvalidRequest, $"A message for topic '{message.Topic}' cannot be stored: {problem}. It was not stored, and nothing was changed.");
    }

    private void MakeRoom(int size, OutboxClass wanted, long now)
    {
        if (Over() <= 0) return;
        if (now - _sweptAt >= SweepEvery.TotalMilliseconds) Sweep(now);
        if (Over() <= 0) return;
        if (_options.WhenFull is OutboxWhenFull.DropLowest && _waiting.Least(Over(), wanted) is { } least)
        {
            foreach (var record in least) Forget(record);
            _counted = _counted with { DroppedForRoom = _counted.DroppedForRoom + least.Count };
            OutboxLog.DroppedForRoom(_logger, least.Count);
            return;
        }

        _counted = _counted with { Refused = _counted.Refused + 1 };
        throw new HybridException(HybridError.Storage, $"The outbox is full: {_waiting.Count} records ({_waiting.Bytes + _reserved} of {_options.MaxBytes} bytes) wait, and none of them may go for this one. It was not stored; what waits is unchanged. Try again when the broker is there, or give the outbox more room.");

        long Over() => _waiting.Bytes + _reserved + size - _options.MaxBytes;
    }

    /// <summary>Drops what is too old; the caller holds the lock.</summary>
    private void Sweep(long now)
    {
        _sweptAt = now;
        var expired = _waiting.Expired(now);
        foreach (var record in expired) Forget(record);
        if (expired.Count == 0) return;
        _counted = _counted with { Expired = _counted.Expired + expired.Count };
        OutboxLog.Expired(_logger, expired.Count);
    }

    private void Write()
    {
        while (true)
        {
            lock (_disk)
            {
                OutboxBatch? batch;
                lock (_lock)
                {
                    if (!_batches.TryDequeue(out batch))
                    {
                        _writing = false;
                        return;
                    }

                    if (batch == _filling) _filling = null;
                }

                Write(batch);
                if (Unmarked >= MarksAtOnce || ShouldCompact()) Tidy();
            }
        }
    }

    private void Write(OutboxBatch batch)
    {
        try
        {
            if (_bug is OutboxBug.AcknowledgesBeforeFlush) batch.Stored.TrySetResult();
            var stored = Put(batch.Records);
            lock (_lock)
            {
                foreach (var record in stored) _waiting.Add(record);
                _reserved -= batch.Bytes;
                _counted = _counted with { Stored = _counted.Stored + stored.Count };
            }

            batch.Stored.TrySetResult();
            Work.Set();
        }
        catch (Exception exception)
        {
            lock (_lock)
            {
                _reserved -= batch.Bytes;
                _counted = _counted with { Refused = _counted.Refused + batch.Records.Count };
            }

            OutboxLog.NotStored(_logger, batch.Records.Count, exception.Message);
            batch.Stored.TrySetException(StorageFaults.Translate(exception, "The outbox could not store the message", "It was not stored; what was stored before is unchanged."));
            _ = batch.Stored.Task.Exception; // whoever waited may have gone
        }
    }

    /// <summary>Puts records behind those of the active segment, and flushes: all or none.</summary>
    private List<StoredRecord> Put(List<LogRecord> records)
    {
        try
        {
            var segment = ActiveSegment();
            _buffer.ResetWrittenCount();
            List<StoredRecord> stored = new(records.Count);
            foreach (var record in records)
            {
                var place = segment.Length + _buffer.WrittenCount;
                record.WriteTo(_buffer, place);
                stored.Add(new(record.Number, record.Message.Topic, record.Message.Class, EndOf(record), segment, place, (int)(segment.Length + _buffer.WrittenCount - place)));
            }

            _folder.Append(segment.Name, _buffer.WrittenSpan);
            _folder.Flush(segment.Name);
            segment.Length += _buffer.WrittenCount;
            return stored;
        }
        catch
        {
            Abandon();
            throw;
        }
    }

    private Segment ActiveSegment()
    {
        if (_active is not null && _active.Length < _options.SegmentBytes) return _active;
        _active = null;
        Segment segment;
        lock (_lock) _segments.Add(segment = new(_next++));
        _folder.Create(segment.Name);
        _folder.FlushFolder();
        return _active = segment;
    }

    /// <summary>After a failed write nobody knows what is behind the good records; it is cut off, and another file goes on.</summary>
    private void Abandon()
    {
        if (_active is not { } segment) return;
        _active = null;
        try
        {
            _folder.Cut(segment.Name, segment.Length);
        }
        catch (Exception exception)
        {
            OutboxLog.NotTidied(_logger, exception.Message);
        }
    }

    private long EndOf(LogRecord record) => Math.Min(record.Expires, record.Time + (long)Math.Min(_options.MaxAge.TotalMilliseconds, long.MaxValue / 4));
}
