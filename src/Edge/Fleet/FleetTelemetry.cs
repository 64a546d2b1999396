using System.IO.Compression;
using System.Text.Json;
using Hybrid.Accounting;
using Hybrid.Edge.Outbox;
using Microsoft.Extensions.Logging;

namespace Hybrid.Edge.Fleet;

/// <summary>Gathers receipts, adds them up, and puts them into the outbox in batches. Thread-safe.</summary>
internal sealed class FleetTelemetry(DeviceOutbox outbox, FleetTopics topics, TimeProvider time, ILogger logger)
{
    public const string Lines = "application/x-ndjson";
    public const string Compressed = "application/x-ndjson; encoding=br";
    private const int MostBytes = 1 << 20;
    private const int BatchBytes = 64 << 10;
    private const int WorthCompressing = 4 << 10;
    private readonly Lock _lock = new();
    private readonly List<byte[]> _lines = [];
    private long _bytes;
    private int _overflowed;
    private SpendSummary _spend = new() { Since = time.GetUtcNow() };

    /// <summary>A batch is full.</summary>
    public Signal Full { get; } = new();

    public SpendSummary Spend
    {
        get
        {
            lock (_lock) return _spend;
        }
    }

    /// <summary>Takes a receipt; does not block.</summary>
    public void Record(RequestReceipt receipt)
    {
        byte[] line = [.. JsonSerializer.SerializeToUtf8Bytes(TelemetryRecord.Of(receipt), FleetJson.Default.TelemetryRecord), (byte)'\n'];
        lock (_lock)
        {
            _spend = _spend with
            {
                Requests = _spend.Requests + 1,
                Failed = _spend.Failed + (receipt.Finish is RequestFinish.Failed or RequestFinish.DeadlineExceeded ? 1 : 0),
                InputTokens = _spend.InputTokens + receipt.InputTokens,
                OutputTokens = _spend.OutputTokens + receipt.OutputTokens,
                Dollars = _spend.Dollars + receipt.Dollars,
                Joules = _spend.Joules + receipt.Joules,
                Grams = _spend.Grams + receipt.Grams,
            };
            if (_bytes + line.Length > MostBytes)
            {
                _overflowed++;
                return;
            }

            _lines.Add(line);
            _bytes += line.Length;
            if (_bytes < BatchBytes) return;
        }

        Full.Set();
    }

    /// <summary>Puts what was gathered into the outbox.</summary>
    public async Task FlushAsync()
    {
        List<byte[]> lines;
        int overflowed;
        lock (_lock)
        {
            lines = [.. _lines];
            (overflowed, _overflowed, _bytes) = (_overflowed, 0, 0);
            _lines.Clear();
        }

        if (overflowed > 0) FleetLog.TelemetryLost(logger, overflowed, "they came faster than the disk takes them.");
        while (lines.Count > 0)
        {
            var (count, bytes) = (0, 0);
            for (; count < lines.Count && (count == 0 || bytes + lines[count].Length <= BatchBytes); count++) bytes += lines[count].Length;
            try
            {
                await outbox.AppendAsync(Batch([.. lines.Take(count).SelectMany(line => line)]));
            }
            catch (HybridException failure)
            {
                FleetLog.TelemetryLost(logger, count, failure.Message);
            }

            lines.RemoveRange(0, count);
        }
    }

    private OutboxMessage Batch(byte[] bytes)
    {
        var message = new OutboxMessage { Topic = topics.Telemetry, Payload = bytes, ContentType = Lines, Class = OutboxClass.Low };
        if (bytes.Length <= WorthCompressing) return message;
        using var packed = new MemoryStream();
        using (var brotli = new BrotliStream(packed, CompressionLevel.Optimal, leaveOpen: true)) brotli.Write(bytes);
        return message with { Payload = packed.ToArray(), ContentType = Compressed };
    }
}
